import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { ExchangeBytes } from '@weighbridge/monitor';
import type { AttemptRef } from '@weighbridge/protocol';
import type { AttemptStore, TrafficBatch } from '../../store/store.ts';

interface Tracked {
  readonly ref: AttemptRef;
  readonly bytes: ExchangeBytes;
  in: number;
  out: number;
}

interface Pending {
  readonly ref: AttemptRef;
  in: number;
  out: number;
}

const liveIntervalMs = 1000;
// Long enough that the last bytes of a burst of small exchanges share one statement.
const endDelayMs = 50;
/** A store that hangs doesn't hold up the stop for longer. */
const stopMs = 1000;
const trackedMax = 20_000;
const pendingMax = 20_000;
/** Attempts of one statement. */
const batchMax = 1000;

/** Adds what exchanges moved to their attempts, in the background: each second while they run, and soon after they end. */
export class AttemptBytes {
  readonly #store: Pick<AttemptStore, 'addBytes'>;
  readonly #tracked = new Set<Tracked>();
  /** Moved, but not written yet. */
  readonly #pending = new Map<string, Pending>();
  readonly #writer = randomUUID();
  #batches = 0;
  #unacknowledged: TrafficBatch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Pick<AttemptStore, 'addBytes'>) {
    this.#store = store;
  }

  /** Follows an exchange until it has ended. Past the bound the oldest is let go with what it has moved so far. */
  track(ref: AttemptRef, bytes: ExchangeBytes): void {
    const oldest = this.#tracked.values().next().value;
    if (oldest && this.#tracked.size >= trackedMax) {
      this.#collect(oldest);
      this.#tracked.delete(oldest);
    }
    this.#tracked.add({ ref, bytes, in: 0, out: 0 });
    this.#schedule(liveIntervalMs);
  }

  /** An exchange may have ended: write soon. */
  settleSoon(): void {
    this.#schedule(endDelayMs);
  }

  /** Writes what moved since the last time. */
  flush(): Promise<void> {
    for (const tracked of this.#tracked) this.#collect(tracked);
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#dueMs = 0;
    await Promise.race([this.flush(), setTimeout(stopMs, undefined, { ref: false })]);
  }

  #schedule(delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    if (dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = globalThis.setTimeout(() => void this.#tick(), delayMs).unref();
  }

  async #tick(): Promise<void> {
    this.#dueMs = Number.POSITIVE_INFINITY;
    await this.flush();
    if (this.#tracked.size > 0 || this.#pending.size > 0 || this.#unacknowledged) this.#schedule(liveIntervalMs);
  }

  #collect(tracked: Tracked): void {
    const { in: received, out: sent, ended } = tracked.bytes;
    this.#add(tracked.ref, received - tracked.in, sent - tracked.out);
    tracked.in = received;
    tracked.out = sent;
    if (ended) this.#tracked.delete(tracked);
  }

  #add(ref: AttemptRef, received: number, sent: number): void {
    if (received <= 0 && sent <= 0) return;
    const key = `${ref.jobId}/${ref.attempt}`;
    const pending = this.#pending.get(key) ?? { ref, in: 0, out: 0 };
    pending.in += received;
    pending.out += sent;
    if (this.#pending.size < pendingMax) this.#pending.set(key, pending);
  }

  // A batch that the store doesn't acknowledge is sent again, as it is, at the next tick: it may have arrived.
  async #write(): Promise<void> {
    for (;;) {
      this.#unacknowledged ??= this.#takeBatch();
      if (!this.#unacknowledged) return;
      try {
        await this.#store.addBytes(this.#unacknowledged);
        this.#unacknowledged = undefined;
      } catch {
        return;
      }
    }
  }

  #takeBatch(): TrafficBatch | undefined {
    const taken = [...this.#pending].slice(0, batchMax);
    if (taken.length === 0) return undefined;
    for (const [key] of taken) this.#pending.delete(key);
    const traffic = taken.map(([, { ref, ...bytes }]) => ({ ...ref, bytes }));
    return { writer: this.#writer, batch: ++this.#batches, traffic };
  }
}
