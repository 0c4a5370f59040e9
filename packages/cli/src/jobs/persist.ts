import { setTimeout as wait } from 'node:timers/promises';
import { UnreachableError } from '@weighbridge/protocol';

/** A master that restarts is back by then. */
const tries = 30;
const pauseMs = 1000;

/** Calls a master again while none answers, or one that can't answer yet. Throws the last failure. */
export async function persist<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let failed = 0; ; failed++) {
    try {
      return await call();
    } catch (error) {
      if (!isPassing(error) || failed === tries) throw error;
    }
    await wait(pauseMs, undefined, signal && { signal });
  }
}

/** It may go well the next time. A stream that breaks off is a TypeError of fetch. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof UnreachableError || error instanceof TypeError || (error as { status?: number }).status === 503
  );
}
