import type { JobStore } from '../../store/store.ts';

/** One store subscription for all who follow jobs. */
export class JobChanges {
  readonly #watches = new Map<string, Set<JobWatch>>();
  readonly #unsubscribe: () => void;

  constructor(jobs: Pick<JobStore, 'onChange'>) {
    this.#unsubscribe = jobs.onChange((jobId) => {
      for (const watch of this.#watches.get(jobId) ?? []) watch.notify();
    });
  }

  stop(): void {
    this.#unsubscribe();
  }

  watch(jobId: string): JobWatch {
    const watch = new JobWatch(() => this.#remove(jobId, watch));
    const watches = this.#watches.get(jobId) ?? new Set();
    this.#watches.set(jobId, watches.add(watch));
    return watch;
  }

  #remove(jobId: string, watch: JobWatch): void {
    const watches = this.#watches.get(jobId);
    watches?.delete(watch);
    if (watches?.size === 0) this.#watches.delete(jobId);
  }
}

/** Remembers a change that comes while nobody waits, so that none is missed. */
export class JobWatch {
  /** Stops watching. */
  readonly close: () => void;
  #changed = false;
  #wake: () => void = () => {};

  constructor(close: () => void) {
    this.close = close;
  }

  notify(): void {
    this.#changed = true;
    this.#wake();
  }

  /** Resolves at the next change (true), or after `waitMs` or on `signal` (false). */
  async next(waitMs: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#changed && !signal.aborted) await this.#sleep(waitMs, signal);
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  #sleep(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, waitMs);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}
