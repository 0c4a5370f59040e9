import { setTimeout as delay } from 'node:timers/promises';
import { ProblemError, UnreachableError } from '@weighbridge/protocol';

const firstDelayMs = 100;
const longestDelayMs = 2000;

/** Repeats a call, ever more slowly, until the master answers it; throws what waiting can't mend, or the signal's reason. */
export async function untilAnswered<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
    }
    // Half of it is chance, so that workers don't come back in step.
    await delay(delayMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
  }
}

/** Will the same call succeed later? */
function isPassing(error: unknown): boolean {
  if (error instanceof ProblemError) return error.status >= 500;
  if (error instanceof UnreachableError) return true;
  // How fetch says that an answer broke off halfway, and that a time limit passed.
  return error instanceof Error && (error.message === 'terminated' || error.name === 'TimeoutError');
}

/** Says that the attempt or the session is no longer this worker's. */
export function isStale(error: unknown): boolean {
  return error instanceof ProblemError && (error.status === 409 || error.status === 404);
}

/** What an error says, in one sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
