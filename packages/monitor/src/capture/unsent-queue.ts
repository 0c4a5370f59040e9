/** Between two readings of a connection with unsent output: what an abort may miss of it, in ms. */
const intervalMs = 50;
/** Reading so many takes well under 1 ms. */
const mostPerTurn = 1000;

// Kept, so that fake timers of an application's test don't stop it.
const { setTimeout: realTimeout } = globalThis;

interface Queued {
  isQueued: boolean;
}

/**
 * Connections with output that the kernel hasn't taken yet. They are read often, because a write that fails takes
 * what was known of it along; those that were read longest ago come first. A connection leaves when nothing waits.
 */
export class UnsentQueue<Item extends Queued> {
  #items: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #read: (item: Item) => boolean;
  readonly #setTimeout: typeof setTimeout;

  /** @param read reads one, and tells whether output still waits; must not throw. */
  constructor(read: (item: Item) => boolean, timeout: typeof setTimeout = realTimeout) {
    this.#read = read;
    this.#setTimeout = timeout;
  }

  add(item: Item): void {
    if (item.isQueued) return;
    item.isQueued = true;
    this.#items.push(item);
    this.#timer ??= this.#setTimeout(() => this.#runOnce(), intervalMs).unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const item of this.#items) item.isQueued = false;
    this.#items = [];
  }

  #runOnce(): void {
    this.#timer = undefined;
    const due = this.#items.splice(0, mostPerTurn);
    for (const item of due) {
      item.isQueued = false;
      if (this.#read(item)) this.add(item);
    }
    if (this.#items.length > 0) this.#timer ??= this.#setTimeout(() => this.#runOnce(), intervalMs).unref();
  }
}
