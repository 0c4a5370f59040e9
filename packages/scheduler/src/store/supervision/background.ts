/** A task that runs again and again, never twice at once; `stop` waits for the run under way. */
export class Background {
  readonly #work: () => Promise<unknown>;
  readonly #onError: (error: unknown) => void;
  readonly #restMs: (tookMs: number) => number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = true;

  constructor(options: {
    work: () => Promise<unknown>;
    /** From the end of one run to the next, given how long it took. */
    restMs: (tookMs: number) => number;
    onError: (error: unknown) => void;
  }) {
    this.#work = options.work;
    this.#restMs = options.restMs;
    this.#onError = options.onError;
  }

  start(): void {
    this.#stopped = false;
    this.#arm(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #arm(restMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#run();
    }, restMs);
  }

  async #run(): Promise<void> {
    const began = performance.now();
    await this.#work().catch(this.#onError);
    this.#arm(this.#restMs(performance.now() - began));
  }
}
