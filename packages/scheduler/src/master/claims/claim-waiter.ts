import type { Claim, ClaimSize } from '../../store/store.ts';

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

/** A claim that waits: tries when told to, one try at a time, and is answered once. */
export class ClaimWaiter {
  readonly request: NodeClaim;
  readonly answer: Promise<ClaimAnswer>;
  readonly #claim: () => Promise<Claim[]>;
  readonly #settle: (answer: ClaimAnswer) => void;
  readonly #arrivedMs = performance.now();
  readonly #fail: (error: unknown) => void;
  #tries: Promise<boolean> = Promise.resolve(true);
  #over = false;

  constructor(request: NodeClaim, claim: () => Promise<Claim[]>) {
    const { promise, resolve, reject } = Promise.withResolvers<ClaimAnswer>();
    this.request = request;
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
    this.#tries = this.#tries.finally(() => this.#settle({ claimed: [], waitedSeconds: 0 }));
  }

  async #attemptOnce(): Promise<boolean> {
    if (this.#over) return true;
    try {
      const waitedSeconds = (performance.now() - this.#arrivedMs) / 1000;
      const claimed = await this.#claim();
      if (claimed.length === 0) return false;
      this.#settle({ claimed, waitedSeconds });
    } catch (error) {
      this.#fail(error);
    }
    this.#over = true;
    return true;
  }
}
