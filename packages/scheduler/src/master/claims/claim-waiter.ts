import type { ClaimedAttempt } from '@weighbridge/protocol';

/** One node's wish for work. */
export interface ClaimWish {
  readonly node: string;
  readonly session: string;
  /** Free slots. */
  readonly slots: number;
  readonly queues: readonly string[];
}

/** A claim that waits: tries when told to, one try at a time, and is answered once. */
export class ClaimWaiter {
  readonly wish: ClaimWish;
  readonly answer: Promise<ClaimedAttempt[]>;
  readonly #claim: () => Promise<ClaimedAttempt[]>;
  readonly #settle: (attempts: ClaimedAttempt[]) => void;
  readonly #fail: (error: unknown) => void;
  #tries: Promise<boolean> = Promise.resolve(true);
  #over = false;

  constructor(wish: ClaimWish, claim: () => Promise<ClaimedAttempt[]>) {
    const { promise, resolve, reject } = Promise.withResolvers<ClaimedAttempt[]>();
    this.wish = wish;
    this.answer = promise;
    this.#claim = claim;
    this.#settle = resolve;
    this.#fail = reject;
  }

  /** After the try under way, because what that found is older than the news. False: there was no work. */
  attempt(): Promise<boolean> {
    this.#tries = this.#tries.then(() => this.#attemptOnce());
    return this.#tries;
  }

  /** Answers with nothing, unless a try under way brings work. */
  giveUp(): void {
    if (this.#over) return;
    this.#over = true;
    this.#tries = this.#tries.finally(() => this.#settle([]));
  }

  async #attemptOnce(): Promise<boolean> {
    if (this.#over) return true;
    try {
      const attempts = await this.#claim();
      if (attempts.length === 0) return false;
      this.#settle(attempts);
    } catch (error) {
      this.#fail(error);
    }
    this.#over = true;
    return true;
  }
}
