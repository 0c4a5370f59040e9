import { setTimeout as delay } from 'node:timers/promises';
import { formatEvent } from '../http/event-stream.ts';
import type { MasterBandwidth } from './master-bandwidth.ts';

const intervalMs = 1000;

/** One picture a second for all who watch: a hundred open pages cost one snapshot. */
export class BandwidthFeed {
  readonly #bandwidth: MasterBandwidth;
  #takenMs = Number.NEGATIVE_INFINITY;
  #event = '';

  constructor(bandwidth: MasterBandwidth) {
    this.#bandwidth = bandwidth;
  }

  /** One at once, then one a second until `signal` aborts. */
  async *events(signal: AbortSignal): AsyncGenerator<string> {
    while (!signal.aborted) {
      yield this.#current();
      await delay(intervalMs, undefined, { signal }).catch(() => {});
    }
  }

  #current(): string {
    const nowMs = performance.now();
    if (nowMs - this.#takenMs >= intervalMs / 2) {
      this.#takenMs = nowMs;
      this.#event = formatEvent(undefined, this.#bandwidth.current());
    }
    return this.#event;
  }
}
