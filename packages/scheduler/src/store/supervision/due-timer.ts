/** Looked at again at the latest after this: Node's timers end at 24.8 days, and clocks are set. */
const longestMs = 60_000;

/** Runs `promote` when the next deferred job is due: nothing in the database does. */
export class DueTimer {
  readonly #promote: () => Promise<number | undefined>;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #looking: Promise<void> = Promise.resolve();
  #isLookDue = false;

  /** `promote` gives the seconds until it has something to do again. */
  constructor(promote: () => Promise<number | undefined>, onError: (error: unknown) => void) {
    this.#promote = promote;
    this.#onError = onError;
  }

  /** Looks for due jobs, e.g. because a deferred one was submitted. A call that comes while a look waits shares it. */
  look(): Promise<void> {
    if (this.#isLookDue) return this.#looking;
    this.#isLookDue = true;
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    this.#isLookDue = false;
    if (this.#stopped) return;
    try {
      this.#arm(await this.#promote());
    } catch (error) {
      this.#onError(error);
      this.#arm(1);
    }
  }

  #arm(seconds = Number.POSITIVE_INFINITY): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    // A millisecond more: the database's clock has the last word, and timers fire early by a fraction.
    this.#timer = setTimeout(() => void this.look(), Math.min(longestMs, Math.max(0, Math.ceil(seconds * 1000)) + 1));
  }
}
