import { usable } from '../../self-test.ts';

/** Entries of Node's PerformanceObserver for HTTP/2; its streams have a `detail`. */
interface Http2Entry {
  readonly name: string;
  readonly detail?: { readonly id?: number; readonly bytesWritten?: number };
}

/** Node's PerformanceObserver, as far as it is used. */
interface Observer {
  observe(options: { entryTypes: readonly string[] }): void;
  disconnect(): void;
}
interface ObserverClass {
  new (onEntries: (list: { getEntries(): readonly Http2Entry[] }) => void): Observer;
}

/** DATA bytes of a stream that was cut off; `undefined` where Node doesn't tell. */
export type OnSent = (bytes: number | undefined) => void;

interface Waiting {
  readonly id: number;
  /** The answer is in these bounds: several sessions of a process have streams of the same number. */
  readonly least: number;
  readonly most: number;
  readonly onSent: OnSent;
}

/** Node tells within two turns of the event loop; it has this long, in ms, and as many turns after that. */
const patienceMs = 100;
const turns = 3;
/** Answers awaited at a time. */
const mostWaiting = 10_000;

// Kept, so that fake timers of an application's test don't stop it.
const { setTimeout: realTimeout, setImmediate: later } = globalThis;

/**
 * How much of its output a stream had sent when it was cut off. While a stream lives, Node tells only what was
 * submitted and which writes are through; how far it got with the write that is under way it tells once, in the
 * performance entry of a stream that is destroyed. To observe those costs some microseconds for each stream of the
 * process, so it is done only while an answer is awaited.
 */
export class SentBytes {
  #waiting: Waiting[] = [];
  #observer: Observer | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** To be called before the stream is destroyed. `onSent` is called later, once. */
  ask(id: number, least: number, most: number, onSent: OnSent): void {
    if (this.#waiting.length >= mostWaiting || !this.#observe()) {
      realTimeout(onSent, 0, undefined).unref();
      return;
    }
    this.#waiting.push({ id, least, most, onSent });
    this.#timer ??= realTimeout(() => this.#giveUpAfter(turns), patienceMs).unref();
  }

  #observe(): boolean {
    if (this.#waiting.length > 0) return true;
    // Not imported: it is loaded only where a stream was cut off.
    const { PerformanceObserver: Class } = globalThis as unknown as { PerformanceObserver?: ObserverClass };
    if (!usable.streamEntries || Class === undefined) return false;
    this.#observer ??= new Class((list) => this.#take(list.getEntries()));
    this.#observer.observe({ entryTypes: ['http2'] });
    return true;
  }

  /** Entries come in the order in which their streams were destroyed. */
  #take(entries: readonly Http2Entry[]): void {
    for (const { name, detail } of entries) {
      const bytes = detail?.bytesWritten;
      if (name !== 'Http2Stream' || bytes === undefined) continue;
      const found = this.#waiting.findIndex(
        ({ id, least, most }) => id === detail?.id && bytes >= least && bytes <= most,
      );
      if (found >= 0) this.#waiting.splice(found, 1)[0]?.onSent(bytes);
    }
    if (this.#waiting.length === 0) this.#stop();
  }

  /** The time may have passed while the event loop stood still: timers come first then, answers after them. */
  #giveUpAfter(left: number): void {
    if (left > 0) later(() => this.#giveUpAfter(left - 1));
    else this.#giveUp();
  }

  #giveUp(): void {
    const unanswered = this.#waiting;
    this.#waiting = [];
    this.#stop();
    for (const { onSent } of unanswered) onSent(undefined);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#observer?.disconnect();
  }
}
