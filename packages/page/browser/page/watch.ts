import type { Bandwidth, BandwidthHistory } from '@weighbridge/protocol';
import { type Api, NoFiguresError, TokenRefusedError } from './api.ts';

/** What {@link watch} tells of. */
export interface Watcher {
  snapshot(bandwidth: Bandwidth): void;
  /** What the server remembers; not each does. */
  history(history: BandwidthHistory): void;
  /** The stream ended; it is tried again in `retryMs`. */
  lost(why: string, retryMs: number): void;
}

/** How long to wait before try number `failures`: 1, 2, 4, then 8 s. */
function retryDelayMs(failures: number): number {
  return 1000 * 2 ** Math.min(failures - 1, 3);
}

/**
 * Follows the stream until `signal` ends it, and comes back when it breaks. Throws `TokenRefusedError`.
 * `wake`: fires when the reader doesn't want to wait for the next try.
 */
export async function watch(api: Api, watcher: Watcher, wake: EventTarget, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let why = 'The server ended the stream.';
    try {
      for await (const bandwidth of api.bandwidth(signal, (history) => watcher.history(history))) {
        failures = 0;
        watcher.snapshot(bandwidth);
      }
    } catch (error) {
      if (error instanceof TokenRefusedError) throw error;
      why = describe(error);
    }
    if (signal.aborted) return;
    const retryMs = retryDelayMs(++failures);
    watcher.lost(why, retryMs);
    await pause(retryMs, wake, signal);
  }
}

function describe(error: unknown): string {
  if (error instanceof NoFiguresError) return error.message;
  console.error(error);
  return 'This page failed; the console says how.';
}

/** Waits, until `wake` or `signal` at the latest. */
export function pause(ms: number, wake: EventTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const ended = new AbortController();
    const end = () => {
      clearTimeout(timer);
      ended.abort();
      resolve();
    };
    const timer = setTimeout(end, ms);
    wake.addEventListener('wake', end, { signal: ended.signal });
    signal.addEventListener('abort', end, { signal: ended.signal });
    if (signal.aborted) end();
  });
}
