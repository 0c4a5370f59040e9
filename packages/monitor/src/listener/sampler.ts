import type { BandwidthSnapshot } from '../snapshot.ts';
import { formatEvent } from './event-stream.ts';
import { History } from './history.ts';

const intervalMs = 1000;

/** Takes one snapshot a second, for the history and for all who watch: a hundred open pages cost one snapshot. */
export class Sampler {
  readonly history = new History();
  readonly #source: { snapshot(): BandwidthSnapshot };
  #latest: BandwidthSnapshot | undefined;
  /** The latest as it is sent, made when the first reader asks. */
  #event: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(source: { snapshot(): BandwidthSnapshot }) {
    this.#source = source;
  }

  start(): void {
    this.runOnce();
    this.#timer = setInterval(() => this.runOnce(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#wake();
  }

  runOnce(): void {
    this.#latest = this.#source.snapshot();
    this.#event = undefined;
    this.history.add(Date.parse(this.#latest.at), this.#latest.connection);
    this.#wake();
  }

  /** The latest sample as a server-sent event. */
  format(toBandwidth: (snapshot: BandwidthSnapshot) => object): string {
    this.#event ??= formatEvent(undefined, toBandwidth(this.#latest ?? this.#source.snapshot()));
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

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
