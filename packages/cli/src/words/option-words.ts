/** The scheduler's names of its options, as the command line calls them. */
const flags: Record<string, string> = {
  listen: '--listen',
  metricsListen: '--metrics-listen',
  dataDir: '--data',
  'store.url': '--database-url',
  allow: '--allow',
  reserveBytes: '--reserve',
  maxBlobBytes: '--max-blobs',
  keepJobsSeconds: '--keep-jobs',
  maxConnections: '--max-connections',
  maxConnectionsPerAddress: '--max-connections-per-address',
  token: 'WEIGHBRIDGE_TOKEN',
  master: '--master',
  name: '--name',
  takeOver: '--take-over',
  queues: '--queue',
  slots: '--slots',
  env: '--env',
  workDir: '--work-dir',
  cacheBytes: '--cache-bytes',
  file: 'FILE',
};

export function toFlag(option: string): string {
  return flags[option] ?? option;
}

/** The scheduler's sentences begin with its own name for an option; people know the flag. */
export function withFlag(message: string): string {
  return message.replace(/^[\w.]+(?= )/, toFlag);
}

/** Fields of a submission, as `jobs submit` calls them. */
const submitted: Record<string, string> = {
  queue: '--queue',
  command: 'the command',
  args: 'an argument of the command',
  env: '--env',
  files: '--input, --output or --output-optional',
  slots: '--slots',
  priority: '--priority',
  timeoutSeconds: '--timeout',
  retryLimit: '--retries',
  retryBackoff: '--retry-backoff',
  lostRetryLimit: '--lost-retries',
  leaseSeconds: '--lease',
  startAfter: '--start-after',
  idempotencyKey: '--idempotency-key',
};

/** A master's sentence names what stands in the request's path and body; people know what they typed. */
export function withSubmitFlag(detail: string): string {
  return detail
    .replace(/^(".*") in the path must be /, '$1 must be ')
    .replace(/^command, args and env of body /, 'the command, its arguments and --env ')
    .replace(/^(?:body|job)\.(\w+)[\w.[\]]*/, (field, name: string) => submitted[name] ?? field);
}
