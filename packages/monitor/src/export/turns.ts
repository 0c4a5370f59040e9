// Kept, so that fake timers of a test that scrapes don't stop it.
const { setImmediate: later } = globalThis;

/** How long one turn of the event loop may write, in ms. A scrape of 22,000 samples takes three or so. */
const turnMs = 2;

/** Gives way to the rest of the program whenever a turn has taken long enough. */
export class Turns {
  #began = performance.now();

  get over(): boolean {
    return performance.now() - this.#began > turnMs;
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => later(resolve));
    this.#began = performance.now();
  }
}
