/** Every bound that a caller can meet. Reaching one is a problem with a sentence, never silence. */
export const limits = Object.freeze({
  queues: 1000,
  nodes: 1000,
  nameLength: 63,
  argsCount: 1000,
  /** A job's command, arguments and environment together, in UTF-8. What is longer is an input file. */
  jobTextBytes: 128 * 1024,
  commandLength: 4096,
  envCount: 256,
  inputsCount: 1000,
  outputsCount: 100,
  resultOutputsCount: 10_000,
  fileNameLength: 255,
  slots: 1024,
  bulkJobs: 1000,
  dependsOnCount: 100,
  retryLimit: 100,
  defaultLostRetryLimit: 3,
  retryBackoffSecondsMax: 3600,
  leaseSecondsMin: 10,
  leaseSecondsMax: 86_400,
  defaultLeaseSeconds: 120,
  /** The greatest number that an attempt can have. */
  attemptNumber: 2 ** 31 - 1,
  timeoutSecondsMax: 86_400,
  defaultTimeoutSeconds: 3600,
  /** One JSON body. */
  jsonBodyBytes: 4 * 1024 * 1024,
  /** One chunk of log. */
  logChunkBytes: 256 * 1024,
  /** What is kept of each stream of an attempt: its beginning, and its end. */
  logHeadBytes: 2 * 1024 * 1024,
  logTailBytes: 6 * 1024 * 1024,
  /** Attempts of a job whose logs are kept: the first, and the last ones. */
  logAttempts: 20,
  /** One blob. */
  blobBytes: 64 * 1024 ** 3,
  /** What a list shows of a command line, and of a reason. */
  summaryLength: 200,
  /** One page of a list of jobs: it ends before it would be larger. */
  pageBytes: 256 * 1000,
  pageSize: 1000,
  nodeJobsShown: 100,
  /** Of those whose id begins in the same way. */
  prefixJobsShown: 10,
  /** How many jobs ahead of one are counted. */
  jobsAheadCounted: 1000,
  defaultPageSize: 50,
});
