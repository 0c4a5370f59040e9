import { type Static, Type } from 'typebox';
import { JobId, Timestamp } from './names.ts';

/**
 * `no-node`: no node serves its queue. `node-unavailable`: those that do take no jobs. `too-wide`: none of them has so many slots.
 * `jobs-ahead`: others come first. `slots`: it is the next, once so many slots are free. `soon`: it begins in a moment.
 * `time`: its start, or its next try, is later. `jobs`: jobs on which it depends have not ended.
 */
export const waitingCodes = [
  'no-node',
  'node-unavailable',
  'too-wide',
  'jobs-ahead',
  'slots',
  'soon',
  'time',
  'jobs',
] as const;

/** What a job waits for that has not begun. */
export const WaitingFor = Type.Object({
  code: Type.Enum(waitingCodes),
  /** In words, e.g. `no node serves queue gpu`; moments in UTC. */
  detail: Type.String(),
  /** Of `time`: until when. */
  until: Type.Optional(Timestamp),
  /** Of `jobs-ahead`: how many, at most 1,000. */
  ahead: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Of `jobs`: the first of them. */
  jobs: Type.Optional(Type.Array(JobId)),
});
export type WaitingFor = Static<typeof WaitingFor>;
