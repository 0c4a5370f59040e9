import { setTimeout as delay } from 'node:timers/promises';
import { Guard } from './guard-client.ts';
import type { DeathNotice } from './guard-messages.ts';

const pauseMs = 100;

/** Sees to it that there is a guard: one that ends is replaced. */
export class GuardKeeper {
  readonly #onLost: () => void;
  readonly #onReplaced: () => void;
  #guard: Guard | undefined;
  #notice: DeathNotice | undefined;
  #stopping = false;

  constructor(onLost: () => void, onReplaced: () => void) {
    this.#onLost = onLost;
    this.#onReplaced = onReplaced;
  }

  /** Absent while one is being replaced. */
  get guard(): Guard | undefined {
    return this.#guard;
  }

  async start(workerId: string): Promise<void> {
    const guard = await Guard.start(workerId);
    if (this.#stopping) {
      await guard.stop();
      throw new Error('the worker was stopped while it started');
    }
    this.#guard = guard;
    guard.notify(this.#notice);
    guard.gone.then(() => this.#replace(workerId));
  }

  /** Says whom to tell should the worker die. */
  notify(notice: DeathNotice): void {
    this.#notice = notice;
    this.#guard?.notify(notice);
  }

  /** Ends the guard, and with it every command that still runs. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#guard?.stop();
  }

  async #replace(workerId: string): Promise<void> {
    if (this.#stopping) return;
    this.#guard = undefined;
    this.#onLost();
    while (!this.#guard && !this.#stopping) {
      await delay(pauseMs);
      await this.start(workerId).catch(() => {});
    }
    if (!this.#stopping) this.#onReplaced();
  }
}
