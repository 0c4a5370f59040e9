import type {
  AttemptOutcome,
  AttemptRef,
  AttemptResult,
  Bytes,
  ClaimedAttempt,
  ClaimRequest,
  HeartbeatReply,
  Job,
  JobDependency,
  JobState,
  JobSubmission,
  JobSummary,
  LiveJobState,
  LogFilter,
  LogStreamName,
  Node,
  NodeRegistration,
  OutputFile,
} from '@weighbridge/protocol';

export interface SubmittedJob {
  job: Job;
  /** False where an idempotency key named an earlier job with the same body. */
  created: boolean;
}

export interface JobFilter {
  queue?: string;
  state?: JobState;
  cursor?: string;
  limit: number;
}

export interface JobPage {
  jobs: JobSummary[];
  cursor?: string;
}

/** What cancelling a job did. */
export interface CancelledJob {
  queue: string;
  /** `cancelled`, or `cancelling` while an attempt runs. */
  state: JobState;
  /** Queues of the jobs that depended on it, and were cancelled with it: one for each. */
  cancelled: readonly string[];
}

/** What is known of a job that has not begun. */
export interface WaitingJob {
  /** When it may be claimed, at the soonest. */
  runAt: string;
  /** Jobs of its queue that stand before it, counted up to `limits.jobsAheadCounted`. */
  ahead: number;
  /** The first of those on which it depends that have not ended. */
  parents: JobDependency[];
  parentCount: number;
}

/** What the API does with jobs. */
export interface JobStore {
  /** Stores all or none. Throws `idempotency-mismatch` for a key with another body, and `too-many-names`. */
  submit(submissions: JobSubmission[]): Promise<SubmittedJob[]>;
  /** Of a job that was lost or refused, `reason` is that word alone, and `detail` the sentence. */
  find(id: string): Promise<Job | undefined>;
  /** Those of these jobs that are there, in any order. */
  findSummaries(ids: string[]): Promise<JobSummary[]>;
  /** Jobs whose id begins with these hexadecimal digits, at most `limit`. */
  findByPrefix(prefix: string, limit: number): Promise<JobSummary[]>;
  /** Newest first, by keyset cursor, at most a page of `limits.pageBytes`. Throws `invalid-request` for a cursor it did not make. */
  list(filter: JobFilter): Promise<JobPage>;
  /** Nothing for a job that has ended, is cancelled already or isn't there. */
  cancel(id: string): Promise<CancelledJob | undefined>;
  /** The state now; nothing for a job that can't be tried again. */
  retry(id: string): Promise<JobState | undefined>;
  /** What is known of those among these jobs that have not begun, by id. */
  findWaiting(ids: string[]): Promise<Map<string, WaitingJob>>;
  /** The job of a queue that has been ready for longest, and since when. */
  findOldest(queue: string): Promise<{ job: JobSummary; readySince: string } | undefined>;
  /** An output of a succeeded job. */
  findOutput(id: string, name: string): Promise<OutputFile | undefined>;
  /** Called with the queues of the jobs that the supervision cancelled, because one on which they depend did not succeed. */
  onCascaded(listener: (queues: string[]) => void): () => void;
  /** Called when a job's log has grown or its state has changed. Returns how to stop listening. */
  onChange(listener: (jobId: string) => void): () => void;
}

export interface Claim {
  attempt: ClaimedAttempt;
  /** For how long the job was ready; absent where an earlier claim has opened the attempt. */
  waitSeconds?: number;
}

/** What a claim brought. */
export interface ClaimResult {
  claimed: Claim[];
  /** The node keeps free slots for a job that needs more of them: another node may find work where this one found none. */
  isHeldBack: boolean;
}

/** How much a claim may take, and its place among those of its session. */
export type ClaimSize = Pick<ClaimRequest, 'slots' | 'number' | 'unanswered'>;

/** What ending an attempt did. */
export interface AttemptEnd {
  queue: string;
  /** The job's state now: ended, or `queued`/`scheduled` when it will be tried again. */
  state: JobState;
  startedAt: string;
  /** Queues of the jobs that depended on it, and were cancelled with it: one for each. */
  cancelled: readonly string[];
}

/**
 * An attempt that the master ended: `lost`, because its lease expired or its worker died or was started again; `timed_out`;
 * or `released`, because its worker stopped.
 */
export interface EndedAttempt extends AttemptRef {
  node: string;
  queue: string;
  outcome: Extract<AttemptOutcome, 'lost' | 'timed_out' | 'released'>;
  /** The job's state now. */
  state: JobState;
  /** Queues of the jobs that depended on it, and were cancelled with it: one for each. */
  cancelled: readonly string[];
}

/** What attempts moved since the batch before. */
export interface TrafficBatch {
  /** Who writes: a UUID of one run of a master. */
  readonly writer: string;
  /** Its number, one more than that of the batch before. It must be acknowledged before the next is sent. */
  readonly batch: number;
  /** Each attempt at most once. */
  readonly traffic: readonly (AttemptRef & { readonly bytes: Bytes })[];
}

/** What happens between a worker and a job. */
export interface AttemptStore {
  /**
   * Claims up to `slots` slots of ready work in the node's queues, at once, the highest priority first; or gives again what
   * claims opened that were not answered. A job that needs more slots than are free is not passed for ever: one node keeps its
   * slots for it, and takes meanwhile only what ends in time by its timeout. Throws `not-found` or `stale-session`.
   */
  claim(node: string, session: string, size: ClaimSize): Promise<ClaimResult>;
  /** Called when a queue may have ready work. Returns how to stop listening. */
  onReady(listener: (queue: string) => void): () => void;
  /** Throws `stale-attempt` unless it is the job's current one and of that node and session. */
  complete(ref: AttemptRef, node: string, result: AttemptResult): Promise<AttemptEnd>;
  /**
   * Adds traffic to attempts, live or ended. A batch that is sent again, because no answer came, adds nothing twice. Unknown
   * attempts are ignored: the job may be deleted already.
   */
  addBytes(batch: TrafficBatch): Promise<void>;
  /** Called with the attempts that a pass of the supervision ended. Returns how to stop listening. */
  onExpired(listener: (expired: EndedAttempt[]) => void): () => void;
}

export interface NodeStore {
  /**
   * Takes the name; with the secret of the worker that had it, what that ran is returned as lost. Throws `name-taken` while
   * another worker holds it, and `too-many-names`.
   */
  register(node: NodeRegistration): Promise<{ session: string; draining: boolean; lost: EndedAttempt[] }>;
  find(id: string): Promise<Node | undefined>;
  list(): Promise<Node[]>;
  /** Extends the node's lease and its attempts'. Throws `not-found` or `stale-session`. */
  heartbeat(node: string, session: string, attempts: AttemptRef[]): Promise<Pick<HeartbeatReply, 'end'>>;
  /**
   * The worker has stopped, or died, and nothing that it ran does any more: what is still open is returned, as released or
   * as lost. Its node is `stopped`, or `lost`, until it registers again. Throws as `heartbeat`.
   */
  goodbye(node: string, session: string, hasDied: boolean): Promise<EndedAttempt[]>;
  /** Whether a node is given further jobs; also over its worker's next starts. Throws `not-found`. */
  drain(node: string, draining: boolean): Promise<void>;
  /** What a node runs, the newest first: at most `limit`, and of how many. */
  listRunning(node: string, limit: number): Promise<{ jobs: JobSummary[]; count: number }>;
  /** Deletes the record of a node that is stopped or lost. Throws `not-found` or `node-in-use`. */
  delete(node: string): Promise<void>;
}

/** Where a log chunk stands. `offset` counts the stream's bytes before it. */
export interface LogAppend extends AttemptRef {
  stream: LogStreamName;
  offset: number;
  bytes: Uint8Array;
}

/** A stored chunk; `sequence` grows in the order of arrival over the whole job. */
export interface StoredLogChunk {
  sequence: number;
  attempt: number;
  stream: LogStreamName;
  offset: number;
  bytes: Uint8Array;
}

export interface LogStore {
  /** Throws `stale-attempt` unless it runs. Repeated bytes are dropped; of each stream head and tail are kept. */
  append(chunk: LogAppend): Promise<void>;
  /** In order of arrival. The first chunk may begin before the filter's offset. */
  read(jobId: string, filter: LogFilter, limit: number): Promise<StoredLogChunk[]>;
}

export interface BlobIndex {
  /** Which of these blobs a kept job names. */
  inUse(sha256: string[]): Promise<Set<string>>;
}

/** What one master's API moved in a minute; its shape is the master's. */
export interface StoredMinute {
  /** When it ended, ISO 8601. */
  at: string;
  minute: object;
}

/** The minutes of the last day, by master: a UUID that one keeps over its restarts. */
export interface BandwidthStore {
  /** The same minute again changes nothing. */
  save(master: string, minute: StoredMinute): Promise<void>;
  /** Oldest first. */
  list(master: string, since: string): Promise<StoredMinute[]>;
}

export interface StoreOptions {
  /** Told what failed in the background; the store tries again by itself. Default: nothing is said. */
  onError?: (error: unknown) => void;
  /** How long an ended job can be looked at; 30 days. */
  keepEndedSeconds?: number;
}

/** A picture of the queue for gauges, refreshed in the background, never on the scrape's path. */
export interface QueueOverview {
  jobs: { queue: string; state: LiveJobState; count: number }[];
  oldestReadyAgeSeconds: { queue: string; seconds: number }[];
  /** What the database has on its disk. */
  storeBytes: number;
}

/**
 * The only way from the master to what is kept: PostgreSQL, its own or another's.
 *
 * Expected refusals are `ProblemError`s with the API's codes; a store that does not answer throws
 * `StoreUnavailableError`, which the master answers with 503.
 */
export interface Store {
  readonly kind: 'embedded' | 'postgresql';
  /** Does what was acknowledged survive a power cut? */
  readonly durable: boolean;
  readonly jobs: JobStore;
  readonly attempts: AttemptStore;
  readonly nodes: NodeStore;
  readonly logs: LogStore;
  readonly blobs: BlobIndex;
  readonly bandwidth: BandwidthStore;
  /** Opens, migrates, begins supervising. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Answers within 2 s or rejects. */
  ping(): Promise<void>;
  /** One pass of supervision: expired leases, overdue attempts. Runs every second by itself; tests call it. */
  supervise(): Promise<EndedAttempt[]>;
  overview(): QueueOverview;
}
