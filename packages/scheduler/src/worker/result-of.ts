import { type AttemptResult, liveness } from '@weighbridge/protocol';
import type { EndingReason } from './attempt-error.ts';
import type { GuardedExit } from './guard-messages.ts';

type Result = Omit<AttemptResult, 'session'>;

const endings: Record<EndingReason, (timeoutSeconds: number | undefined) => Result> = {
  cancelled: () => ({ outcome: 'cancelled' }),
  timed_out: (seconds) => ({ outcome: 'timed_out', reason: `it took longer than its timeout of ${seconds} s` }),
  released: () => ({ outcome: 'released', reason: 'the worker stopped' }),
  'no-room': () => ({ outcome: 'released', reason: 'the node had no free slots left' }),
  silent: () => ({
    outcome: 'released',
    reason: `the worker was without an acknowledged heartbeat for ${liveness.workerSilenceSeconds} s`,
  }),
  stale: () => ({ outcome: 'released', reason: 'the attempt was given to another' }),
};

/** The result of an attempt, with what is known of how its command ended. */
export function resultOf(
  how: EndingReason | 'succeeded' | 'failed',
  exit: GuardedExit | undefined,
  timeoutSeconds?: number,
): Result {
  const result: Result = how === 'succeeded' || how === 'failed' ? { outcome: how } : endings[how](timeoutSeconds);
  if (typeof exit?.exitCode === 'number') result.exitCode = exit.exitCode;
  if (exit?.signal) result.signal = exit.signal;
  return result;
}
