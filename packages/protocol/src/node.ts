import { type Static, Type } from 'typebox';
import { attemptOutcomes, InputFile, JobSummary, OutputFile } from './job.ts';
import { limits } from './limits.ts';
import { JobId, Name, Timestamp } from './names.ts';

const strict = { additionalProperties: false } as const;
const Slots = Type.Integer({ minimum: 1, maximum: limits.slots });

/**
 * `silent`: it has missed three heartbeats, and keeps what it runs. `lost`: its leases have expired, or its worker has died.
 * `stopped`: its worker said goodbye.
 */
export const nodeStates = ['ready', 'draining', 'silent', 'lost', 'stopped'] as const;
export type NodeState = (typeof nodeStates)[number];

/** A secret that a worker made; the master keeps its digest. */
const WorkerSecret = Type.String({
  pattern: '^[\\x21-\\x7e]{16,128}$',
  description: '16 to 128 printable ASCII characters',
});

/**
 * A worker's first word. A name that another worker holds is refused, 409 `name-taken`, unless the secret is that worker's
 * own, because it was started again, or `takeOver` says so.
 */
export const NodeRegistration = Type.Object(
  {
    name: Name,
    queues: Type.Array(Name, { minItems: 1, maxItems: 100 }),
    slots: Slots,
    labels: Type.Optional(Type.Record(Name, Type.String({ maxLength: 255 }), { maxProperties: 32 })),
    /** Who presents it says that all processes of its earlier session have ended: what that ran is lost at once. */
    secret: Type.Optional(WorkerSecret),
    takeOver: Type.Optional(Type.Boolean()),
  },
  strict,
);
export type NodeRegistration = Static<typeof NodeRegistration>;

/** `session` names this run of the worker: a call with an older one is answered 409. */
export const NodeSession = Type.Object({
  id: Name,
  session: Type.String({ format: 'uuid' }),
  /** The node is given no jobs until it is resumed. */
  draining: Type.Boolean(),
  /** Between heartbeats while no attempt asks for more. */
  heartbeatSeconds: Type.Number(),
});
export type NodeSession = Static<typeof NodeSession>;

/** A node's id is its name. */
export const Node = Type.Object({
  id: Name,
  state: Type.Enum(nodeStates),
  queues: Type.Array(Name),
  slots: Slots,
  slotsUsed: Type.Integer({ minimum: 0 }),
  labels: Type.Record(Type.String(), Type.String()),
  registeredAt: Timestamp,
  lastHeartbeatAt: Timestamp,
});
export type Node = Static<typeof Node>;

/** A node with what it runs: the first of its jobs, and of how many. */
export const NodeDetail = Type.Object({
  ...Node.properties,
  jobs: Type.Array(JobSummary, { maxItems: limits.nodeJobsShown }),
  jobCount: Type.Integer({ minimum: 0 }),
});
export type NodeDetail = Static<typeof NodeDetail>;

export const NodeList = Type.Object({ nodes: Type.Array(Node) });
export type NodeList = Static<typeof NodeList>;

/** One try at a job, named by both. */
export const AttemptRef = Type.Object(
  { jobId: JobId, attempt: Type.Integer({ minimum: 1, maximum: limits.attemptNumber }) },
  strict,
);
export type AttemptRef = Static<typeof AttemptRef>;

export const Heartbeat = Type.Object(
  { session: Type.String({ format: 'uuid' }), attempts: Type.Array(AttemptRef, { maxItems: limits.slots }) },
  strict,
);
export type Heartbeat = Static<typeof Heartbeat>;

/** `end`: attempts that the worker must end now, because they were cancelled or are no longer its own. */
export const HeartbeatReply = Type.Object({ end: Type.Array(AttemptRef) });
export type HeartbeatReply = Static<typeof HeartbeatReply>;

/**
 * A worker's last word: it has stopped, and its node is no longer missed. `workerDied`: its guard says it instead, once every
 * process of its attempts has ended; they are lost at once, and so is the node.
 */
export const Goodbye = Type.Object(
  { session: Type.String({ format: 'uuid' }), workerDied: Type.Optional(Type.Boolean()) },
  strict,
);
export type Goodbye = Static<typeof Goodbye>;

export const ClaimRequest = Type.Object(
  {
    session: Type.String({ format: 'uuid' }),
    /** Free slots. */
    slots: Slots,
    /** Grows with each claim of a session: a claim that is overtaken by a later one brings nothing. */
    number: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
    /** The first of the claims that were not answered since the last one that was: what they opened is answered now. */
    unanswered: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
    /** How long to wait for work, at most 25; 0 answers at once. */
    waitSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 25 })),
  },
  strict,
);
export type ClaimRequest = Static<typeof ClaimRequest>;

/** All that a worker needs to run one attempt. */
export const ClaimedAttempt = Type.Object({
  jobId: JobId,
  attempt: Type.Integer({ minimum: 1 }),
  queue: Name,
  command: Type.String(),
  args: Type.Array(Type.String()),
  env: Type.Record(Type.String(), Type.String()),
  inputs: Type.Array(InputFile),
  /** Each must match a file. */
  outputs: Type.Array(Type.String()),
  optionalOutputs: Type.Array(Type.String()),
  slots: Slots,
  timeoutSeconds: Type.Integer(),
  leaseSeconds: Type.Integer(),
  /** Between heartbeats, at most, while this attempt runs. */
  heartbeatSeconds: Type.Number(),
});
export type ClaimedAttempt = Static<typeof ClaimedAttempt>;

/**
 * `waitedSeconds`: from the request's arrival until the claim, at the least. A lease begins with the claim, so for the
 * worker not before it sent the request plus this.
 */
export const ClaimReply = Type.Object({ attempts: Type.Array(ClaimedAttempt), waitedSeconds: Type.Number() });
export type ClaimReply = Static<typeof ClaimReply>;

/** How an attempt ended. `released`: given back unharmed, because the worker stops; it uses up no retry. */
export const AttemptResult = Type.Object(
  {
    session: Type.String({ format: 'uuid' }),
    outcome: Type.Enum(attemptOutcomes.filter((outcome) => outcome !== 'lost')),
    exitCode: Type.Optional(Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })),
    signal: Type.Optional(Type.String({ maxLength: 20 })),
    reason: Type.Optional(Type.String({ maxLength: 2000 })),
    outputs: Type.Optional(Type.Array(OutputFile, { maxItems: limits.resultOutputsCount })),
  },
  strict,
);
export type AttemptResult = Static<typeof AttemptResult>;
