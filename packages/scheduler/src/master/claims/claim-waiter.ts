import type { Claim, ClaimResult, ClaimSize } from '../../store/store.ts';

/** What a node asks for. */
export interface NodeClaim extends Readonly<ClaimSize> {
  readonly node: string;
  readonly session: string;
  readonly queues: readonly string[];
}

/** What a claim brought. */
export interface ClaimAnswer {
  readonly claimed: Claim[];
  /** From the claim's arrival until it was tried with success: what it claimed was claimed no sooner. */
  readonly waitedSeconds: number;
}

/** What one try came to. */
export type ClaimTry = 'over' | 'nothing' | 'held-back';

/** A claim that waits: tries when told to, one try at a time, and is answered once. */
export class ClaimWaiter {
  readonly request: NodeClaim;
  readonly answer: Promise<ClaimAnswer>;
  readonly #claim: () => Promise<ClaimResult>;
  readonly #settle: (answer: ClaimAnswer) => void;
  readonly #arrivedMs = performance.now();
  readonly #fail: (error: unknown) => void;
  #tries: Promise<ClaimTry> = Promise.resolve('over');
  #over = false;

  constructor(request: NodeClaim, claim: () => Promise<ClaimResult>) {
    const { promise, resolve, reject } = Promise.withResolvers<ClaimAnswer>();
    this.request = request;
    this.answer = promise;
    this.#claim = claim;
    this.#settle = resolve;
    this.#fail = reject;
  }

  /** After the try under way, because what that found is older than the news. */
  attempt(): Promise<ClaimTry> {
    this.#tries = this.#tries.then(() => this.#attemptOnce());
    return this.#tries;
  }

  /** Answers with nothing, unless a try under way brings work. Settles when it is answered. */
  giveUp(): Promise<unknown> {
    if (!this.#over) {
      this.#over = true;
      this.#tries = this.#tries.finally(() => this.#settle({ claimed: [], waitedSeconds: 0 }));
    }
    return this.#tries;
  }

  async #attemptOnce(): Promise<ClaimTry> {
    if (this.#over) return 'over';
    try {
      const waitedSeconds = (performance.now() - this.#arrivedMs) / 1000;
      const { claimed, isHeldBack } = await this.#claim();
      if (claimed.length === 0) return isHeldBack ? 'held-back' : 'nothing';
      this.#settle({ claimed, waitedSeconds });
    } catch (error) {
      this.#fail(error);
    }
    this.#over = true;
    return 'over';
  }
}
