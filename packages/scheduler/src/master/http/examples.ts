import type {
  AttemptResult,
  Bandwidth,
  BandwidthEndpoint,
  BandwidthHistory,
  BandwidthTransfers,
  BandwidthWindow,
  Blob,
  ClaimReply,
  ClaimRequest,
  FoundJobs,
  Goodbye,
  Heartbeat,
  HeartbeatReply,
  Job,
  JobList,
  JobLogs,
  JobQuery,
  JobSubmission,
  JobSummary,
  Node,
  NodeDetail,
  NodeList,
  NodeRegistration,
  NodeSession,
  ProblemCode,
  Queue,
} from '@weighbridge/protocol';

// What the OpenAPI document shows beside each schema. A test checks each against its schema.

const id = '5b34f764-995d-4ea1-85d8-b5ceb33da033';
const other = '78266588-d94e-4676-b87c-a92913592b23';
const session = 'b2186efc-7921-4c80-9d7b-ae08d1f92d57';
const sha256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const [submitted, began, ended] = ['2030-01-31T08:00:00.000Z', '2030-01-31T08:00:01.250Z', '2030-01-31T08:02:03.500Z'];

const submission: JobSubmission = {
  queue: 'video',
  command: 'ffmpeg',
  args: ['-i', 'clip.mov', 'clip.mp4'],
  files: { inputs: [{ name: 'clip.mov', sha256 }], outputs: ['*.mp4'] },
  slots: 2,
  timeoutSeconds: 600,
};

const job: Job = {
  id,
  state: 'succeeded',
  queue: 'video',
  command: 'ffmpeg',
  args: ['-i', 'clip.mov', 'clip.mp4'],
  env: {},
  files: { inputs: [{ name: 'clip.mov', sha256 }], outputs: ['*.mp4'], optionalOutputs: [] },
  slots: 2,
  priority: 0,
  timeoutSeconds: 600,
  retryLimit: 0,
  retryBackoff: 0,
  lostRetryLimit: 3,
  leaseSeconds: 120,
  dependsOn: [],
  createdAt: submitted,
  startedAt: began,
  endedAt: ended,
  exitCode: 0,
  outputs: [{ name: 'clip.mp4', sha256, sizeBytes: 4_200_000 }],
  attempts: [
    {
      number: 1,
      node: 'mill',
      startedAt: began,
      endedAt: ended,
      outcome: 'succeeded',
      exitCode: 0,
      bytes: { in: 4_203_120, out: 90_001_437 },
    },
  ],
  bytes: { in: 4_203_120, out: 90_001_437 },
};
const { exitCode: _, endedAt: __, startedAt: ___, ...unbegun } = job;
const queued: Job = { ...unbegun, state: 'queued', outputs: [], attempts: [], bytes: { in: 0, out: 0 } };
const cancelling: Job = { ...unbegun, state: 'cancelling', startedAt: began, outputs: [] };

const summary: JobSummary = {
  id: other,
  state: 'queued',
  queue: 'gpu',
  commandLine: "sh -c 'nvidia-smi > out.txt'",
  slots: 8,
  priority: 0,
  createdAt: submitted,
  attemptCount: 0,
  waitingFor: { code: 'too-wide', detail: 'needs 8 slots, the largest node has 4' },
  bytes: { in: 0, out: 0 },
};
const running: JobSummary = {
  id,
  state: 'running',
  queue: 'video',
  commandLine: 'ffmpeg -i clip.mov clip.mp4',
  slots: 2,
  priority: 0,
  createdAt: submitted,
  startedAt: began,
  attemptCount: 1,
  node: 'mill',
  bytes: { in: 3120, out: 90_001_437 },
};

const node: Node = {
  id: 'mill',
  state: 'ready',
  queues: ['default', 'video'],
  slots: 8,
  slotsUsed: 2,
  labels: {},
  registeredAt: submitted,
  lastHeartbeatAt: ended,
};
const drained: Node = { ...node, state: 'draining' };

export const examples = {
  submission,
  submissions: [
    { ...submission, key: 'convert' },
    { command: 'sh', args: ['-c', 'notify done'], dependsOn: ['convert'] },
  ] satisfies JobSubmission[],
  job,
  queued,
  cancelling,
  jobList: { jobs: [summary], cursor: 'WzE4OTY1MjE2MDAwMDAwMDBd' } satisfies JobList,
  jobQuery: { ids: [id, other] } satisfies JobQuery,
  foundJobs: { jobs: [running, summary] } satisfies FoundJobs,
  jobLogs: {
    chunks: [{ sequence: 1, attempt: 1, stream: 'stdout', offset: 0, sizeBytes: 6, text: 'hello\n' }],
  } satisfies JobLogs,
  result: {
    session,
    outcome: 'succeeded',
    exitCode: 0,
    outputs: [{ name: 'clip.mp4', sha256, sizeBytes: 4_200_000 }],
  } satisfies AttemptResult,
  registration: {
    name: 'mill',
    queues: ['default', 'video'],
    slots: 8,
    secret: 'a-secret-that-the-worker-made',
  } satisfies NodeRegistration,
  nodeSession: { id: 'mill', session, draining: false, heartbeatSeconds: 5 } satisfies NodeSession,
  heartbeat: { session, attempts: [{ jobId: id, attempt: 1 }] } satisfies Heartbeat,
  heartbeatReply: { end: [] } satisfies HeartbeatReply,
  goodbye: { session } satisfies Goodbye,
  claim: { session, slots: 6, number: 17, waitSeconds: 25 } satisfies ClaimRequest,
  claimReply: {
    attempts: [
      {
        jobId: id,
        attempt: 1,
        queue: 'video',
        command: 'ffmpeg',
        args: ['-i', 'clip.mov', 'clip.mp4'],
        env: {},
        inputs: [{ name: 'clip.mov', sha256 }],
        outputs: ['*.mp4'],
        optionalOutputs: [],
        slots: 2,
        timeoutSeconds: 600,
        leaseSeconds: 120,
        heartbeatSeconds: 5,
      },
    ],
    waitedSeconds: 3.4,
  } satisfies ClaimReply,
  node,
  drained,
  nodeList: { nodes: [node] } satisfies NodeList,
  nodeDetail: { ...node, jobs: [running], jobCount: 1 } satisfies NodeDetail,
  queue: {
    queue: 'gpu',
    counts: { scheduled: 0, blocked: 0, queued: 1, running: 0, cancelling: 0 },
    oldest: { job: summary, readySince: submitted },
    nodes: ['mill'],
  } satisfies Queue,
  blob: { sha256, sizeBytes: 90_000_000 } satisfies Blob,
  bandwidth: {
    at: ended,
    connection: { in: 90_204_000, out: 4_400_000 },
    endpointsTotal: { in: 90_200_000, out: 4_390_000 },
    unattributed: { in: 4000, out: 10_000 },
    unattributedReasons: { idle: { in: 4000, out: 10_000 } },
    pending: { in: 0, out: 0 },
    openConnections: 3,
    inFlight: 1,
    balanced: true,
    endpoints: [
      {
        method: 'PUT',
        endpoint: '/blobs/:sha256',
        requestBytes: 90_200_000,
        responseBytes: 4_390_000,
        exchanges: 1,
      },
    ],
    clients: [{ client: 'mill', in: 4_203_120, out: 90_001_437 }],
    nodes: [{ node: 'mill', in: 4_203_120, out: 90_001_437 }],
  } satisfies Bandwidth,
  bandwidthHistory: {
    resolution: 'second',
    starts: [1_896_072_000_000],
    points: [[1_896_072_001_000, 1000, 90_204_000, 4_400_000, 0, 0]],
  } satisfies BandwidthHistory,
  bandwidthWindow: {
    from: 1_896_072_000_000,
    to: 1_896_072_060_000,
    resolution: 'second',
    in: 90_204_000,
    out: 4_400_000,
    own: { in: 0, out: 0 },
    knownFrom: 1_896_071_160_000,
    endpoints: [{ method: 'PUT', endpoint: '/blobs/:sha256', in: 90_200_000, out: 4_390_000 }],
    clients: [{ client: 'mill', in: 4_203_120, out: 90_001_437 }],
    unattributed: [{ reason: 'idle', in: 4000, out: 10_000 }],
  } satisfies BandwidthWindow,
  bandwidthEndpoint: {
    method: 'PUT',
    endpoint: '/blobs/:sha256',
    requestBytes: 90_200_000,
    exchanges: 1,
    aborted: 0,
    responses: [{ status: '201', bytes: 420, exchanges: 1 }],
    inFlight: 0,
    requestSizes: { p50: 90_200_000, p95: 90_200_000 },
    clients: [{ client: 'mill', in: 90_200_000, out: 420 }],
  } satisfies BandwidthEndpoint,
  bandwidthTransfers: {
    transfers: [
      {
        id: '17',
        method: 'GET',
        endpoint: '/blobs/:sha256',
        client: 'mill',
        job: id,
        in: 310,
        out: 45_000_000,
        responseLength: 90_000_000,
        rate: 9_000_000,
        secondsLeft: 5,
      },
    ],
  } satisfies BandwidthTransfers,
} as const;

/** What a problem says, by its code. */
export const problemDetails: Record<ProblemCode, string> = {
  'invalid-request': 'body.slots must be at least 1, got 0',
  unauthorized: 'the header authorization must be "Bearer TOKEN"',
  'not-found': `there is no job ${id}`,
  'method-not-allowed': '/jobs takes GET, POST, got DELETE',
  'body-too-slow': 'the body must come at 1000 bytes a second at least, averaged over 10 s',
  'stale-attempt': `attempt 1 of job ${id} is not the current one`,
  'stale-session': 'another worker has taken the name mill',
  'name-taken':
    'another worker holds the name mill: it is ready, and its last heartbeat came 2030-01-31T08:02:03.500Z; start this one with another --name, or take the name with --take-over, which ends the other',
  'node-in-use': 'node mill is ready, and only a node that is stopped or lost can be deleted: stop its worker first',
  'job-ended': `job ${id} has succeeded, so it can't be cancelled`,
  'not-retryable': `job ${id} has succeeded; submit it again to run it once more`,
  'too-large': 'the body must be at most 4194304 bytes, got 5000000',
  'unsupported-media-type': 'the content type "text/plain" is not taken here: send application/json',
  'range-not-satisfiable': 'the range bytes=100- begins after the end of 90 bytes',
  'blob-missing': `body.files.inputs[0] names the blob ${sha256} for "clip.mov", which is not stored here: PUT /blobs/${sha256} first`,
  'blob-mismatch': `the content's SHA-256 must be its name, ${sha256}`,
  'command-not-allowed':
    'body.command "rm" is not allowed by this master: it allows gzip; to allow it, start the master with --allow rm as well',
  'idempotency-mismatch': `the idempotency key was used before in queue video with another body, for job ${id}`,
  'too-many-names': 'Queue limit reached (1000); gpu was not created.',
  internal: `the master failed; its log says why under ${session}`,
  starting: 'the master is starting: its store is not open yet; ask again in a moment',
  'store-unavailable': 'the store does not answer',
  'too-many-pages': 'so many live pages are open that no further one is served',
  stopping: 'the master is stopping; ask again in a moment',
  'storage-full': 'the disk is full but for its reserve',
};
