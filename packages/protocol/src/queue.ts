import { type Static, Type } from 'typebox';
import { JobSummary, liveJobStates } from './job.ts';
import { Name, Timestamp } from './names.ts';

/** A queue as it stood a moment ago. */
export const Queue = Type.Object({
  queue: Name,
  /** How many jobs are in each state in which a job doesn't stay. */
  counts: Type.Record(Type.Enum(liveJobStates), Type.Integer()),
  /** The job that has been ready for longest; absent where none is. */
  oldest: Type.Optional(Type.Object({ job: JobSummary, readySince: Timestamp })),
  /** Nodes that serve it and would take a job. */
  nodes: Type.Array(Name),
});
export type Queue = Static<typeof Queue>;
