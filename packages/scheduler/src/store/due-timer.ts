import type { StoreContext } from './context.ts';
import { nextDue } from './queue-statements.ts';

/** Looked at again at the latest after this: Node's timers end at 24.8 days, and clocks are set. */
const longestMs = 60_000;

/** Says `ready` when a deferred job's time has come: nothing in the database does. */
export class DueTimer {
  readonly #context: StoreContext;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = new Map<string, number>();
  #stopped = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(context: StoreContext, onError: (error: unknown) => void) {
    this.#context = context;
    this.#onError = onError;
  }

  /** Looks for the next due jobs, e.g. because one was submitted. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look().catch(this.#onError));
    return this.#looking;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    if (this.#stopped) return;
    this.#announce();
    const rows = await this.#context.database.query(nextDue);
    this.#dueAt = new Map(rows.map((row) => [row.name as string, performance.now() + row.seconds * 1000]));
    this.#arm();
  }

  #announce(): void {
    for (const [queue, at] of this.#dueAt) {
      if (at <= performance.now()) this.#context.signals.emit('ready', queue);
    }
  }

  #arm(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const restMs = Math.min(longestMs, ...[...this.#dueAt.values()].map((at) => at - performance.now()));
    // A millisecond more: the database's clock has the last word, and timers fire early by a fraction.
    this.#timer = setTimeout(() => void this.look(), Math.max(0, Math.ceil(restMs)) + 1);
  }
}
