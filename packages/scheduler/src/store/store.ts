import type {
  AttemptRef,
  AttemptResult,
  Bytes,
  ClaimedAttempt,
  HeartbeatReply,
  Job,
  JobState,
  JobSubmission,
  LiveJobState,
  Node,
  NodeRegistration,
  OutputFile,
} from '@weighbridge/protocol';

/** Where a log chunk stands. `offset` counts the stream's bytes before it. */
export interface LogAppend extends AttemptRef {
  stream: 'stdout' | 'stderr' | 'system';
  offset: number;
  bytes: Uint8Array;
}

/** A stored chunk; `sequence` grows in the order of arrival over the whole job. */
export interface StoredLogChunk {
  sequence: number;
  attempt: number;
  stream: 'stdout' | 'stderr' | 'system';
  offset: number;
  bytes: Uint8Array;
}

export interface JobPage {
  jobs: Job[];
  cursor?: string;
}

/** A picture of the queue for gauges, refreshed in the background, never on the scrape's path. */
export interface QueueOverview {
  jobs: { queue: string; state: LiveJobState; count: number }[];
  oldestReadyAgeSeconds: { queue: string; seconds: number }[];
}

/** An attempt whose node's lease lapsed, or whose node's name another session took. */
export interface LapsedAttempt extends AttemptRef {
  node: string;
  queue: string;
  /** True when the job's retries were used up: it is `failed`, reason `lost`. */
  jobEnded: boolean;
}

/** What ending an attempt did. */
export interface AttemptEnd {
  queue: string;
  /** The job's state now: ended, or `queued`/`scheduled` when it will be tried again. */
  state: JobState;
  startedAt: string;
}

/**
 * The only way from the master to what is kept. Two adapters, one conformance suite.
 *
 * Expected refusals are `ProblemError`s with the API's codes; a store that does not answer throws
 * `StoreUnavailableError`, which the master answers with 503.
 */
export interface Store {
  readonly kind: 'embedded' | 'postgresql';
  /** Does what was acknowledged survive a power cut? */
  readonly durable: boolean;
  /** Opens, migrates, begins supervising. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Answers within 2 s or rejects. */
  ping(): Promise<void>;

  /**
   * Stores all or none. `created` is false where an idempotency key named an earlier job with the same body;
   * throws `idempotency-mismatch` for another body and `too-many-names` past the cap on queues.
   */
  submit(submissions: JobSubmission[]): Promise<{ job: Job; created: boolean }[]>;
  /** Of a job that was lost or refused, `reason` is that word alone; its attempt's reason is the sentence. */
  job(id: string): Promise<Job | undefined>;
  /** Newest first, by keyset cursor. Throws `invalid-request` for a cursor it did not make. */
  jobs(filter: { queue?: string; state?: JobState; cursor?: string; limit: number }): Promise<JobPage>;

  /** Takes the name, and back from an earlier session: what that ran is returned as lapsed. */
  register(node: NodeRegistration): Promise<{ session: string; lapsed: LapsedAttempt[] }>;
  node(id: string): Promise<Node | undefined>;
  nodes(): Promise<Node[]>;
  /** Extends the node's lease and its attempts'. Throws `not-found` or `stale-session`. */
  heartbeat(node: string, session: string, attempts: AttemptRef[]): Promise<Pick<HeartbeatReply, 'end'>>;

  /** The worker has stopped: its node is `stopped` until it registers again. Throws as `heartbeat`. */
  goodbye(node: string, session: string): Promise<void>;
  /** Claims up to `slots` slots of ready work in the node's queues, at once. Throws as `heartbeat`. */
  claim(node: string, session: string, slots: number): Promise<ClaimedAttempt[]>;
  /** Called when a queue may have ready work. Returns how to stop listening. */
  onReady(listener: (queue: string) => void): () => void;

  /** Throws `stale-attempt` unless it is the job's current one and of that node and session. */
  complete(ref: AttemptRef, node: string, result: AttemptResult): Promise<AttemptEnd>;
  /** Throws `stale-attempt` unless it runs. Repeated bytes are dropped; past the job's limit the log is cut with a line that says so. */
  appendLog(chunk: LogAppend): Promise<void>;
  /** In order of arrival, from after `sequence`. */
  logs(jobId: string, afterSequence: number, limit: number): Promise<StoredLogChunk[]>;
  /** Called when a job's log has grown or its state has changed. Returns how to stop listening. */
  onJobChange(listener: (jobId: string) => void): () => void;
  /** Adds traffic to an attempt, live or ended. Unknown ones are ignored: the job may be deleted already. */
  addBytes(ref: AttemptRef, bytes: Bytes): Promise<void>;
  /** The outputs of a job by name. */
  output(jobId: string, name: string): Promise<OutputFile | undefined>;
  /** Which of these blobs a kept job names. */
  blobsInUse(sha256: string[]): Promise<Set<string>>;

  /** One pass of supervision: lapsed leases. Runs every second by itself; tests call it. */
  supervise(): Promise<LapsedAttempt[]>;
  /** Called with what a pass of the supervision found. Returns how to stop listening. */
  onLapse(listener: (lapsed: LapsedAttempt[]) => void): () => void;
  overview(): QueueOverview;
}
