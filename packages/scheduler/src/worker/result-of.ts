import { type AttemptResult, type ClaimedAttempt, toKeptSeconds } from '@weighbridge/protocol';
import type { EndingReason } from './attempt-error.ts';
import type { GuardedExit } from './guard-messages.ts';

type Result = Omit<AttemptResult, 'session'>;

type Limits = Pick<ClaimedAttempt, 'timeoutSeconds' | 'leaseSeconds'>;

const endings: Record<EndingReason, (limits: Limits) => Result> = {
  cancelled: () => ({ outcome: 'cancelled' }),
  timed_out: ({ timeoutSeconds }) => ({
    outcome: 'timed_out',
    reason: `it took longer than its timeout of ${timeoutSeconds} s`,
  }),
  released: () => ({ outcome: 'released', reason: 'the worker stopped' }),
  'no-room': () => ({ outcome: 'released', reason: 'the node had no free slots left' }),
  'session-lost': () => ({ outcome: 'released', reason: "the node is no longer this worker's" }),
  lease: ({ leaseSeconds }) => ({
    outcome: 'released',
    reason: `the master acknowledged no heartbeat for ${toKeptSeconds(leaseSeconds)} s, of a lease of ${leaseSeconds} s`,
  }),
  guard: () => ({ outcome: 'released', reason: "the worker's guard process died" }),
  stale: () => ({ outcome: 'released', reason: 'the attempt was given to another' }),
};

/** The result of an attempt, with what is known of how its command ended. */
export function resultOf(
  how: EndingReason | 'succeeded' | 'failed',
  exit: GuardedExit | undefined,
  limits: Limits,
): Result {
  const result: Result = how === 'succeeded' || how === 'failed' ? { outcome: how } : endings[how](limits);
  if (typeof exit?.exitCode === 'number') result.exitCode = exit.exitCode;
  if (exit?.signal) result.signal = exit.signal;
  return result;
}
