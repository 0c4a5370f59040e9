import { toKeptSeconds } from '@weighbridge/protocol';
import type { GuardedProcess } from './guard-client.ts';

/**
 * Until when an attempt's command may run: a fifth of the lease before the master may give the job to another. Counted from
 * when what the master acknowledged was sent, because the master counts from its arrival.
 */
export class AttemptLease {
  readonly #keptMs: number;
  #deadlineMs: number;
  #process: GuardedProcess | undefined;

  /** `beganMs`: a moment of `bootMs` at which the attempt was not claimed yet. */
  constructor(leaseSeconds: number, beganMs: number) {
    this.#keptMs = toKeptSeconds(leaseSeconds) * 1000;
    this.#deadlineMs = beganMs + this.#keptMs;
  }

  /** In ms of `bootMs`. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** The master has acknowledged a heartbeat that was sent at `sentMs` of `bootMs`. */
  acknowledge(sentMs: number): void {
    const deadlineMs = sentMs + this.#keptMs;
    if (deadlineMs <= this.#deadlineMs) return;
    this.#deadlineMs = deadlineMs;
    this.#process?.extend(deadlineMs);
  }

  /** From now on this process goes by it, which was started with an earlier deadline. */
  hold(process: GuardedProcess): void {
    this.#process = process;
    process.extend(this.#deadlineMs);
  }
}
