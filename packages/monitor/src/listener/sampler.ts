import type { BandwidthSnapshot } from '../snapshot.ts';
import { formatEvent } from './event-stream.ts';
import { History, type HistoryOptions } from './history/history.ts';

const intervalMs = 1000;

interface SnapshotSource {
  snapshot(): BandwidthSnapshot;
}

/** Takes one snapshot a second, for the history and for all who watch: a hundred open pages cost one snapshot. */
export class Sampler {
  readonly history: History;
  readonly #source: SnapshotSource;
  readonly #waiting = new Set<() => void>();
  #latest: BandwidthSnapshot;
  /** The latest as it is sent, made when the first reader asks. */
  #event: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: SnapshotSource, options: HistoryOptions) {
    this.#source = source;
    this.history = new History(options);
    this.#latest = this.#take();
  }

  start(): void {
    this.#timer = setInterval(() => this.runOnce(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#wake();
  }

  runOnce(): void {
    this.#latest = this.#take();
    this.#event = undefined;
    this.#wake();
  }

  /** The latest sample as a server-sent event. */
  format(toBandwidth: (snapshot: BandwidthSnapshot) => object): string {
    this.#event ??= formatEvent(undefined, toBandwidth(this.#latest));
    return this.#event;
  }

  /** Resolves when the next sample is there, or `signal` aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted) wake();
    });
  }

  #take(): BandwidthSnapshot {
    const snapshot = this.#source.snapshot();
    this.history.add(snapshot);
    return snapshot;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
