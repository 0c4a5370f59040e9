import { type Api, type BandwidthEvents, NoAnswerError, TokenRefusedError } from './api.ts';

/** What {@link followBandwidth} tells of. */
export interface ConnectionEvents extends BandwidthEvents {
  /** The stream ended; it is tried again in `retryMs`. */
  lost(why: string, retryMs: number): void;
}

/** How long to wait before try number `failures`: 1, 2, 4, then 8 s. */
function toRetryDelayMs(failures: number): number {
  return 1000 * 2 ** Math.min(failures - 1, 3);
}

/**
 * Follows the stream until `signal` ends it, and comes back when it breaks.
 *
 * @param wake fires when the reader doesn't want to wait for the next try.
 * @throws TokenRefusedError
 */
export async function followBandwidth(
  api: Api,
  events: ConnectionEvents,
  wake: EventTarget,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  const counted: BandwidthEvents = {
    service: (service) => events.service(service),
    history: (history) => events.history(history),
    bandwidth: (bandwidth) => {
      failures = 0;
      events.bandwidth(bandwidth);
    },
  };
  while (!signal.aborted) {
    let why = 'The server ended the stream.';
    try {
      await api.followBandwidth(counted, signal);
    } catch (error) {
      if (error instanceof TokenRefusedError) throw error;
      why = describe(error);
    }
    if (signal.aborted) return;
    const retryMs = toRetryDelayMs(++failures);
    events.lost(why, retryMs);
    await pause(retryMs, wake, signal);
  }
}

function describe(error: unknown): string {
  if (error instanceof NoAnswerError) return error.message;
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
