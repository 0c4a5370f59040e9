import { setTimeout as delay } from 'node:timers/promises';
import { type ClaimedAttempt, type ClaimReply, type Client, liveness, type NodeSession } from '@weighbridge/protocol';
import { isStale } from './answered.ts';
import { bootMs } from './guard-messages.ts';

interface Capacity {
  readonly session: NodeSession;
  readonly slots: number;
}

export interface ClaimLoopOptions {
  readonly client: Client;
  /** The session to claim for and how many slots are free; `undefined` while nothing can be claimed. */
  readonly ready: () => Capacity | undefined;
  /** `claimedMs`: a moment of `bootMs` before the claim. */
  readonly onClaimed: (attempts: ClaimedAttempt[], session: NodeSession, claimedMs: number) => void;
  readonly onSessionLost: (session: NodeSession, error: unknown) => void;
  /** Ends the loop, and a claim that waits. */
  readonly signal: AbortSignal;
}

/** The first claim of a session that was not answered since one was. */
interface Unanswered {
  readonly session: string;
  readonly number: number;
  readonly sentMs: number;
}

const shortestPauseMs = 50;
const longestPauseMs = 2000;
/** A master that answers no sooner has gone, or its answer has. */
const answerWithinMs = (liveness.claimWaitSeconds + 10) * 1000;

/** Claims by long poll, one claim at a time, as long as there are free slots. */
export class ClaimLoop {
  readonly #options: ClaimLoopOptions;
  #woken = Promise.withResolvers<void>();
  #pauseMs = 0;
  #number = 0;
  #unanswered: Unanswered | undefined;

  constructor(options: ClaimLoopOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.wake());
  }

  /** Something has changed that `ready` tells. */
  wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers();
  }

  /** Settles when the signal is aborted; never rejects. */
  async run(): Promise<void> {
    const { ready, signal } = this.#options;
    while (!signal.aborted) {
      const capacity = ready();
      if (capacity) await this.#untilAnsweredOrOutgrown(capacity);
      else await this.#woken.promise;
    }
  }

  // A claim that waits is never aborted for more free slots: its answer may be on its way. The master answers it when
  // the next one comes, and what both bring is this worker's.
  async #untilAnsweredOrOutgrown(capacity: Capacity): Promise<void> {
    const { ready, signal } = this.#options;
    const over = new AbortController();
    let outgrown = false;
    const answered = this.#runOnce(capacity, AbortSignal.any([signal, over.signal]), () => outgrown);
    answered.then(() => {
      over.abort();
      this.wake();
    });
    while (!over.signal.aborted && !outgrown) {
      await this.#woken.promise;
      const now = ready();
      outgrown = now !== undefined && (now.session !== capacity.session || now.slots > capacity.slots);
      // Work for a session that is over would only expire.
      if (outgrown && now?.session !== capacity.session) over.abort();
    }
  }

  async #runOnce({ session, slots }: Capacity, signal: AbortSignal, isOutgrown: () => boolean): Promise<void> {
    const sentMs = bootMs();
    const earlier = this.#unanswered?.session === session.session ? this.#unanswered : undefined;
    const { attempts, waitedSeconds } = await this.#claim(session, slots, earlier, signal);
    // What is given again was claimed after the first of the claims that were not answered.
    const claimedMs = earlier ? earlier.sentMs : sentMs + waitedSeconds * 1000;
    if (attempts.length > 0) this.#options.onClaimed(attempts, session, claimedMs);
    if (isOutgrown()) return;
    // A master that doesn't wait, because the node is drained or the store is down, is asked ever less often.
    const satisfied = attempts.length > 0 || bootMs() - sentMs > longestPauseMs;
    this.#pauseMs = satisfied ? 0 : Math.min(longestPauseMs, Math.max(shortestPauseMs, this.#pauseMs * 2));
    if (this.#pauseMs > 0) await delay(this.#pauseMs, undefined, { signal }).catch(() => {});
  }

  async #claim(
    session: NodeSession,
    slots: number,
    earlier: Unanswered | undefined,
    signal: AbortSignal,
  ): Promise<ClaimReply> {
    const { client } = this.#options;
    const number = ++this.#number;
    const sentMs = bootMs();
    const request = { session: session.session, slots, number, waitSeconds: liveness.claimWaitSeconds };
    try {
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
      const reply = await client.claim(
        session.id,
        earlier ? { ...request, unanswered: earlier.number } : request,
        inTime,
      );
      // Not one that came about while this one waited.
      if (this.#unanswered === earlier) this.#unanswered = undefined;
      return reply;
    } catch (error) {
      if (!signal.aborted && isStale(error)) this.#options.onSessionLost(session, error);
      else if (this.#unanswered?.session !== session.session)
        this.#unanswered = { session: session.session, number, sentMs };
      return { attempts: [], waitedSeconds: 0 };
    }
  }
}
