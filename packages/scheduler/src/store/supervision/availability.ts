import { uptime } from 'node:os';

/** A longer pause between two signs of life is an outage. Workers repeat a heartbeat each second. */
const longestPauseSeconds = 5;

/**
 * For how long, up to now and without a break, a worker's heartbeat could have been answered: this process ran, and its
 * store did. Leases don't expire for the time in which that was not so.
 */
export class Availability {
  readonly #now: () => number;
  #since = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  /** `now`: seconds on a clock that goes on while the machine is suspended. */
  constructor(now: () => number = uptime) {
    this.#now = now;
  }

  /** The store has answered just now. */
  note(): void {
    const now = this.#now();
    if (now - this.#last > longestPauseSeconds) this.#since = now;
    this.#last = now;
  }

  get seconds(): number {
    const now = this.#now();
    return now - this.#last > longestPauseSeconds ? 0 : now - this.#since;
  }
}
