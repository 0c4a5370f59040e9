import { type AttemptRef, type Client, liveness, type NodeSession } from '@weighbridge/protocol';
import { isStale } from './answered.ts';
import { monotonicMs } from './guard-messages.ts';

export interface HeartbeatsOptions {
  readonly client: Client;
  readonly session: NodeSession;
  /** When the registration was sent, by `monotonicMs`: it counts as the first heartbeat. */
  readonly registeredMs: number;
  readonly running: () => AttemptRef[];
  /** Until when commands may run, by `monotonicMs`. */
  readonly onAcknowledged: (deadlineMs: number) => void;
  readonly onEnd: (attempts: AttemptRef[]) => void;
  /** Nothing was acknowledged for so long that what runs must end. */
  readonly onSilent: (why: string) => void;
  /** A heartbeat is acknowledged after a silence. */
  readonly onBack: () => void;
  /** The lease is gone. */
  readonly onLapsed: () => void;
  readonly onSessionLost: (error: unknown) => void;
}

const retryMs = 1000;
const answerWithinMs = 5000;
/** Between the end of what runs and the end of the lease. */
const marginMs = (liveness.leaseSeconds - liveness.workerSilenceSeconds) * 1000;

/** Keeps a session's lease. Counted from the moment a heartbeat is sent, since the master counts from its arrival. */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #stop = new AbortController();
  readonly #silenceMs: number;
  #acknowledgedMs: number;
  #silent = false;
  #lastError = 'no answer';
  #beat: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #lapse: NodeJS.Timeout | undefined;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
    this.#silenceMs = options.session.leaseSeconds * 1000 - marginMs;
    this.#acknowledgedMs = options.registeredMs;
  }

  /** True from a silence until the next acknowledged heartbeat. */
  get silent(): boolean {
    return this.#silent;
  }

  start(): void {
    this.#acknowledge(this.#acknowledgedMs);
    // At its pace even while one is under way: a slow answer must not cost the lease.
    this.#beat = setInterval(() => this.runOnce(), this.#options.session.heartbeatSeconds * 1000);
  }

  stop(): void {
    this.#stop.abort();
    clearInterval(this.#beat);
    for (const timer of [this.#retry, this.#silence, this.#lapse]) clearTimeout(timer);
  }

  /** Sends one heartbeat; never rejects. */
  async runOnce(): Promise<void> {
    const { client, session, running, onEnd, onSessionLost } = this.#options;
    const sentMs = monotonicMs();
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(answerWithinMs)]);
    try {
      const reply = await client.heartbeat(session.id, { session: session.session, attempts: running() }, signal);
      if (this.#stop.signal.aborted) return;
      this.#acknowledge(sentMs);
      onEnd(reply.end);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (isStale(error)) return onSessionLost(error);
      this.#lastError = error instanceof Error ? error.message : String(error);
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.runOnce(), retryMs);
    }
  }

  #acknowledge(sentMs: number): void {
    this.#acknowledgedMs = Math.max(this.#acknowledgedMs, sentMs);
    const deadlineMs = this.#acknowledgedMs + this.#silenceMs;
    this.#options.onAcknowledged(deadlineMs);
    const leftMs = Math.max(0, deadlineMs - monotonicMs());
    if (this.#silent) {
      this.#silent = false;
      this.#options.onBack();
    }
    clearTimeout(this.#silence);
    clearTimeout(this.#lapse);
    this.#silence = setTimeout(() => this.#fallSilent(), leftMs);
    this.#lapse = setTimeout(() => this.#options.onLapsed(), leftMs + marginMs);
  }

  #fallSilent(): void {
    this.#silent = true;
    this.#options.onSilent(this.#lastError);
  }
}
