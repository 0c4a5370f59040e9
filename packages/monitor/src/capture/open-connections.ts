import type { OpenConnection } from './open-connection.ts';
import { UnsentQueue } from './unsent-queue.ts';

/** Sampling so many takes well under 1 ms. */
const mostPerTurn = 1000;
// Kept, so that fake timers of a test don't stop it.
const { setImmediate: later } = globalThis;

/** What reading connections asks of whoever opens and closes them. */
export interface ReadingListener {
  /** The handle was taken from its socket: the connection lives on elsewhere. */
  onTaken(open: OpenConnection): void;
  /** A fault of ours while one was read. */
  onFault(error: unknown): void;
}

/**
 * The open connections of a process, and when each is read: all of them by the clock and whenever somebody asks,
 * those with unsent output more often.
 */
export class OpenConnections {
  readonly #all: OpenConnection[] = [];
  readonly #unsent = new UnsentQueue<OpenConnection>((open) => this.#readUnsent(open));
  readonly #listener: ReadingListener;
  #timer: NodeJS.Timeout | undefined;
  #turns: Promise<void> | undefined;

  constructor(listener: ReadingListener) {
    this.#listener = listener;
  }

  [Symbol.iterator](): Iterator<OpenConnection> {
    return this.#all[Symbol.iterator]();
  }

  add(open: OpenConnection): void {
    open.index = this.#all.push(open) - 1;
  }

  remove(open: OpenConnection): void {
    const { index } = open;
    const moved = this.#all.pop() as OpenConnection;
    if (moved !== open) {
      this.#all[index] = moved;
      moved.index = index;
    }
    open.index = -1;
  }

  /** Reads all so often from now on; `undefined`: no more. */
  schedule(intervalMs: number | undefined): void {
    clearInterval(this.#timer);
    if (intervalMs !== undefined) this.#timer = setInterval(() => void this.sampleInTurns(), intervalMs).unref();
    else this.#unsent.clear();
  }

  /** Part of what this one was given to send waits. */
  watchUnsent(open: OpenConnection): void {
    if (open.isOpen) this.#unsent.add(open);
  }

  /** Reads every open connection at once. */
  sample(): void {
    this.#sampleBelow(this.#all.length, this.#all.length);
  }

  /** Reads every open connection, with turns of the event loop in between where they are many. */
  sampleInTurns(): Promise<void> {
    this.#turns ??= this.#sampleTurns().finally(() => {
      this.#turns = undefined;
    });
    return this.#turns;
  }

  async #sampleTurns(): Promise<void> {
    let rest = this.#sampleBelow(this.#all.length, mostPerTurn);
    while (rest > 0) {
      await new Promise<void>((resolve) => later(resolve));
      rest = this.#sampleBelow(Math.min(rest, this.#all.length), mostPerTurn);
    }
  }

  /** Samples from place `end` down: who closes meanwhile leaves its place to one already sampled. */
  #sampleBelow(end: number, most: number): number {
    const start = Math.max(0, end - most);
    for (let index = end - 1; index >= start; index--) {
      const open = this.#all[index];
      if (open !== undefined) this.#sampleOne(open);
    }
    return start;
  }

  #sampleOne(open: OpenConnection): void {
    try {
      if (open.connection.isHandleTaken) this.#listener.onTaken(open);
      else open.attribution.sample();
    } catch (error) {
      this.#listener.onFault(error);
    }
  }

  #readUnsent(open: OpenConnection): boolean {
    if (!open.isOpen) return false;
    this.#sampleOne(open);
    // What HTTP/2 writes goes beneath the socket: no hook tells of it.
    return open.isOpen && (open.connection.hasUnsent || open.hasOpenStreams);
  }
}
