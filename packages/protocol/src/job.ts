import { type Static, Type } from 'typebox';
import { limits } from './limits.ts';
import { FileName, JobId, Name, OutputGlob, Sha256, Timestamp } from './names.ts';
import { WaitingFor } from './waiting.ts';

/** States that a job passes through; ARCHITECTURE.md draws the arrows. */
export const liveJobStates = ['scheduled', 'blocked', 'queued', 'running', 'cancelling'] as const;
/** States in which a job stays. */
export const endedJobStates = ['succeeded', 'failed', 'timed_out', 'cancelled'] as const;
export const jobStates = [...liveJobStates, ...endedJobStates] as const;
export type LiveJobState = (typeof liveJobStates)[number];
export type EndedJobState = (typeof endedJobStates)[number];
export type JobState = (typeof jobStates)[number];

/** True when a job will never run again by itself. */
export function isEnded(state: JobState): state is EndedJobState {
  return (endedJobStates as readonly JobState[]).includes(state);
}

/** How one attempt ended. `lost`: its lease has expired, or its worker has died. `refused`: the worker doesn't allow the command. */
export const attemptOutcomes = [
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'refused',
  'lost',
  'released',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

const strict = { additionalProperties: false } as const;

export const InputFile = Type.Object({ name: FileName, sha256: Sha256 }, strict);
export type InputFile = Static<typeof InputFile>;

export const OutputFile = Type.Object(
  { name: FileName, sha256: Sha256, sizeBytes: Type.Integer({ minimum: 0 }) },
  strict,
);
export type OutputFile = Static<typeof OutputFile>;

export const JobFiles = Type.Object(
  {
    inputs: Type.Optional(Type.Array(InputFile, { maxItems: limits.inputsCount })),
    /** Each must match a file, or the job fails. */
    outputs: Type.Optional(Type.Array(OutputGlob, { maxItems: limits.outputsCount })),
    /** These may match nothing. */
    optionalOutputs: Type.Optional(Type.Array(OutputGlob, { maxItems: limits.outputsCount })),
  },
  strict,
);

/** What jobs of the same submission call a job in their `dependsOn`. */
export const JobKey = Type.String({ minLength: 1, maxLength: 255 });

/** What a caller submits. Unknown fields and wrong types are a 400. */
export const JobSubmission = Type.Object(
  {
    queue: Type.Optional(Name),
    command: Type.String({ minLength: 1, maxLength: limits.commandLength, pattern: '^[^\\u0000]+$' }),
    args: Type.Optional(
      Type.Array(Type.String({ pattern: '^[^\\u0000]*$' }), {
        maxItems: limits.argsCount,
      }),
    ),
    env: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.String({ pattern: '^[^\\u0000]*$' }), {
        maxProperties: limits.envCount,
        additionalProperties: false,
      }),
    ),
    files: Type.Optional(JobFiles),
    slots: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.slots })),
    priority: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000 })),
    timeoutSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.timeoutSecondsMax })),
    /** How often it is tried again when it fails or times out. */
    retryLimit: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.retryLimit })),
    /** Seconds before the first of these retries; each further one waits twice as long, an hour at most. */
    retryBackoff: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.retryBackoffSecondsMax })),
    /** How often it is tried again when an attempt is lost: counted apart from `retryLimit`. */
    lostRetryLimit: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.retryLimit })),
    /** How long an attempt may go without a heartbeat. */
    leaseSeconds: Type.Optional(Type.Integer({ minimum: limits.leaseSecondsMin, maximum: limits.leaseSecondsMax })),
    startAfter: Type.Optional(Timestamp),
    idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    /** Unique in its submission. */
    key: Type.Optional(JobKey),
    /** Keys of jobs of the same submission that must succeed first. When one fails or is cancelled, so is this one. */
    dependsOn: Type.Optional(Type.Array(JobKey, { maxItems: limits.dependsOnCount, uniqueItems: true })),
  },
  strict,
);
export type JobSubmission = Static<typeof JobSubmission>;

/** Traffic between the master and whoever moved this job's files, logs and results: message bytes. */
export const Bytes = Type.Object({ in: Type.Integer({ minimum: 0 }), out: Type.Integer({ minimum: 0 }) }, strict);
export type Bytes = Static<typeof Bytes>;

export const Attempt = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  node: Name,
  startedAt: Timestamp,
  endedAt: Type.Optional(Timestamp),
  outcome: Type.Optional(Type.Enum(attemptOutcomes)),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String()),
  /** One sentence, when there is more to say than the outcome. */
  reason: Type.Optional(Type.String()),
  bytes: Bytes,
});
export type Attempt = Static<typeof Attempt>;

/** A job that another one waits for, or has waited for. */
export const JobDependency = Type.Object({
  id: JobId,
  key: Type.Optional(JobKey),
  state: Type.Enum(jobStates),
});
export type JobDependency = Static<typeof JobDependency>;

export const Job = Type.Object({
  id: JobId,
  state: Type.Enum(jobStates),
  queue: Name,
  command: Type.String(),
  args: Type.Array(Type.String()),
  env: Type.Record(Type.String(), Type.String()),
  files: Type.Object({
    inputs: Type.Array(InputFile),
    outputs: Type.Array(Type.String()),
    optionalOutputs: Type.Array(Type.String()),
  }),
  slots: Type.Integer(),
  priority: Type.Integer(),
  timeoutSeconds: Type.Integer(),
  retryLimit: Type.Integer(),
  /** Seconds. */
  retryBackoff: Type.Integer(),
  lostRetryLimit: Type.Integer(),
  leaseSeconds: Type.Integer(),
  key: Type.Optional(JobKey),
  /** It waits until all of these have succeeded. */
  dependsOn: Type.Array(JobDependency),
  createdAt: Timestamp,
  startAfter: Type.Optional(Timestamp),
  startedAt: Type.Optional(Timestamp),
  endedAt: Type.Optional(Timestamp),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String()),
  /** Why it is where it is, when the state alone doesn't say; `lost` and `refused` are words for programs. */
  reason: Type.Optional(Type.String()),
  /** The sentence, where the reason is such a word. */
  detail: Type.Optional(Type.String()),
  waitingFor: Type.Optional(WaitingFor),
  /** What the succeeded attempt sent back. */
  outputs: Type.Array(OutputFile),
  attempts: Type.Array(Attempt),
  bytes: Bytes,
});
export type Job = Static<typeof Job>;

/** A job as a list shows it: what is long is cut, and `GET /jobs/:id` has it whole. */
export const JobSummary = Type.Object({
  id: JobId,
  state: Type.Enum(jobStates),
  queue: Name,
  /** As a shell would take it, cut at 200 characters. */
  commandLine: Type.String(),
  slots: Type.Integer(),
  priority: Type.Integer(),
  createdAt: Timestamp,
  startAfter: Type.Optional(Timestamp),
  startedAt: Type.Optional(Timestamp),
  endedAt: Type.Optional(Timestamp),
  attemptCount: Type.Integer({ minimum: 0 }),
  /** Of the last attempt. */
  node: Type.Optional(Name),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String()),
  /** As the job's, cut at 200 characters. */
  reason: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  waitingFor: Type.Optional(WaitingFor),
  bytes: Bytes,
});
export type JobSummary = Static<typeof JobSummary>;

/** A page of at most 256 kB: it may hold fewer jobs than were asked for. */
export const JobList = Type.Object({
  jobs: Type.Array(JobSummary),
  /** Pass it as `?cursor=` for the next page; absent on the last. */
  cursor: Type.Optional(Type.String()),
});
export type JobList = Static<typeof JobList>;

/** Which jobs are asked for: by their whole ids, or by how an id begins. */
export const JobQuery = Type.Object(
  {
    ids: Type.Optional(Type.Array(JobId, { maxItems: limits.pageSize })),
    prefix: Type.Optional(
      Type.String({ pattern: '^[0-9a-fA-F-]{1,36}$', description: 'the beginning of an id: hexadecimal digits' }),
    ),
  },
  { ...strict, minProperties: 1, maxProperties: 1 },
);
export type JobQuery = Static<typeof JobQuery>;

/** Those that are there; of a prefix the first ten. */
export const FoundJobs = Type.Object({ jobs: Type.Array(JobSummary) });
export type FoundJobs = Static<typeof FoundJobs>;

/** `system`: what the worker says of the attempt. */
export const logStreams = ['stdout', 'stderr', 'system'] as const;
export type LogStreamName = (typeof logStreams)[number];

/**
 * One log chunk as a reader sees it. `offset` counts the stream's bytes before it: where that is more than the chunk before
 * it had, the bytes between were left out.
 */
export const LogChunk = Type.Object({
  /** Grows in the order of arrival over the whole job. Pass it as `?after=` to go on behind it. */
  sequence: Type.Integer({ minimum: 1 }),
  attempt: Type.Integer(),
  stream: Type.Enum(logStreams),
  offset: Type.Integer({ minimum: 0 }),
  sizeBytes: Type.Integer({ minimum: 0 }),
  text: Type.String(),
});
export type LogChunk = Static<typeof LogChunk>;

/** Which part of a job's log. */
export interface LogFilter {
  attempt?: number;
  stream?: LogStreamName;
  /** Of one stream of one attempt: from this byte on. */
  offset?: number;
  /** What has come after this sequence. */
  after?: number;
}
export const JobLogs = Type.Object({ chunks: Type.Array(LogChunk) });
export type JobLogs = Static<typeof JobLogs>;
