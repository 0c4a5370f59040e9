import { type AttemptRef, type Client, liveness, type NodeSession } from '@weighbridge/protocol';
import { isStale, messageOf } from './answered.ts';
import { bootMs } from './guard-messages.ts';

/** An attempt as heartbeats know one. */
export interface KeptAttempt {
  readonly ref: AttemptRef;
  /** Between heartbeats, at most, while it runs. */
  readonly heartbeatSeconds: number;
  /** The master keeps it, by a heartbeat that was sent at `sentMs` of `bootMs`. */
  acknowledge(sentMs: number): void;
  end(reason: 'cancelled'): void;
}

export interface HeartbeatsOptions {
  readonly client: Client;
  readonly session: NodeSession;
  /** When the registration was sent, by `bootMs`: it counts as the first heartbeat. */
  readonly registeredMs: number;
  readonly running: () => readonly KeptAttempt[];
  /** Several heartbeats were not acknowledged. */
  readonly onSilent: (error: string) => void;
  /** A heartbeat is acknowledged; `isBack`: after a silence that was told. */
  readonly onAcknowledged: (isBack: boolean) => void;
  readonly onSessionLost: (error: unknown) => void;
}

const retryMs = 1000;
const answerWithinMs = 5000;
/** The master calls the node silent by then. */
const silenceMs = liveness.missedHeartbeats * liveness.heartbeatSeconds * 1000;

/** Keeps the leases of a session's attempts. */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #stop = new AbortController();
  #acknowledgedMs: number;
  #sentMs: number;
  #isSilenceTold = false;
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
    this.#acknowledgedMs = options.registeredMs;
    this.#sentMs = options.registeredMs;
  }

  /** Has the master not answered for so long that it gives this node nothing? */
  get silent(): boolean {
    return bootMs() - this.#acknowledgedMs >= silenceMs;
  }

  start(): void {
    this.reschedule();
  }

  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
  }

  /** Other attempts run now, which may ask for more heartbeats. */
  reschedule(): void {
    if (this.#stop.signal.aborted) return;
    clearTimeout(this.#timer);
    const { session, running } = this.#options;
    const seconds = Math.min(session.heartbeatSeconds, ...running().map(({ heartbeatSeconds }) => heartbeatSeconds));
    const inMs = Math.max(0, this.#sentMs + seconds * 1000 - bootMs());
    // At its pace even while one is under way: a slow answer must not cost a lease.
    this.#timer = setTimeout(() => void this.runOnce(), inMs);
  }

  /** Sends one heartbeat; never rejects. */
  async runOnce(): Promise<void> {
    const { client, session, onSessionLost } = this.#options;
    const sentMs = bootMs();
    this.#sentMs = sentMs;
    this.reschedule();
    const attempts = [...this.#options.running()];
    const beat = { session: session.session, attempts: attempts.map(({ ref }) => ref) };
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(answerWithinMs)]);
    try {
      const { end } = await client.heartbeat(session.id, beat, signal);
      if (!this.#stop.signal.aborted) this.#acknowledge(sentMs, attempts, end);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (isStale(error)) onSessionLost(error);
      else this.#fail(error);
    }
  }

  #acknowledge(sentMs: number, attempts: readonly KeptAttempt[], end: readonly AttemptRef[]): void {
    this.#acknowledgedMs = Math.max(this.#acknowledgedMs, sentMs);
    const toEnd = new Set(end.map(({ jobId, attempt }) => `${jobId}/${attempt}`));
    for (const one of attempts) {
      if (toEnd.has(`${one.ref.jobId}/${one.ref.attempt}`)) one.end('cancelled');
      else one.acknowledge(sentMs);
    }
    if (this.silent) return;
    this.#options.onAcknowledged(this.#isSilenceTold);
    this.#isSilenceTold = false;
  }

  #fail(error: unknown): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.runOnce(), retryMs);
    if (this.#isSilenceTold || !this.silent) return;
    this.#isSilenceTold = true;
    this.#options.onSilent(messageOf(error));
  }
}
