import type { AttemptStore, ClaimResult } from '../../store/store.ts';
import { type ClaimAnswer, ClaimWaiter, type NodeClaim } from './claim-waiter.ts';

/**
 * Claims that wait. The store says that a queue has work; one waiter at a time tries, and the next one when
 * it got something: a thousand idle workers cost one statement a job, not a thousand.
 */
export class ClaimQueue {
  readonly #store: Pick<AttemptStore, 'claim' | 'onReady'>;
  readonly #onTry: (seconds: number) => void;
  /** One a node: a newer claim answers the older. */
  readonly #waiters = new Map<string, ClaimWaiter>();
  readonly #passing = new Set<string>();
  readonly #again = new Set<string>();
  readonly #unsubscribe: () => void;

  /** `onTry` hears how long the store took for each try. */
  constructor(store: Pick<AttemptStore, 'claim' | 'onReady'>, onTry: (seconds: number) => void) {
    this.#store = store;
    this.#onTry = onTry;
    this.#unsubscribe = store.onReady((queue) => void this.#pass(queue));
  }

  stop(): void {
    this.#unsubscribe();
    for (const waiter of this.#waiters.values()) waiter.giveUp();
  }

  /** Claims at once, or as soon as there is work; nothing after `waitMs` or when `signal` aborts. */
  async claim(request: NodeClaim, waitMs: number, signal: AbortSignal): Promise<ClaimAnswer> {
    const waiter = new ClaimWaiter(request, () => this.#try(request));
    const isAlone = this.#enter(waiter);
    const giveUp = () => waiter.giveUp();
    const timer = setTimeout(giveUp, waitMs);
    signal.addEventListener('abort', giveUp);
    void isAlone.then(() => waiter.attempt()).then(() => signal.aborted && giveUp());
    try {
      return await waiter.answer;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      this.#leave(waiter);
    }
  }

  async #try({ node, session, ...size }: NodeClaim): Promise<ClaimResult> {
    const began = performance.now();
    try {
      return await this.#store.claim(node, session, size);
    } finally {
      this.#onTry((performance.now() - began) / 1000);
    }
  }

  // In the list before the first try, so that work which comes meanwhile is not missed. Settles when the older claim of the
  // node has had its answer: what that brought takes slots.
  #enter(waiter: ClaimWaiter): Promise<unknown> {
    const older = this.#waiters.get(waiter.request.node);
    this.#waiters.set(waiter.request.node, waiter);
    return older?.giveUp() ?? Promise.resolve();
  }

  #leave(waiter: ClaimWaiter): void {
    if (this.#waiters.get(waiter.request.node) === waiter) this.#waiters.delete(waiter.request.node);
  }

  async #pass(queue: string): Promise<void> {
    this.#again.add(queue);
    if (this.#passing.has(queue)) return;
    this.#passing.add(queue);
    while (this.#again.delete(queue)) await this.#offer(queue);
    this.#passing.delete(queue);
  }

  // After a waiter with n slots finds nothing, waiters with n or fewer are skipped: what there is needs more. Not when it was
  // held back, because its node keeps slots for a job: another node doesn't.
  async #offer(queue: string): Promise<void> {
    let missed = 0;
    for (const waiter of [...this.#waiters.values()]) {
      if (waiter.request.slots <= missed || !waiter.request.queues.includes(queue)) continue;
      if ((await waiter.attempt()) === 'nothing') missed = waiter.request.slots;
    }
  }
}
