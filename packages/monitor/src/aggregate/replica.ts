import type { Source } from '../export/source.ts';
import { type Delta, DeltaReader } from './delta.ts';
import type { LeaderChannel } from './leader-channel.ts';
import { type Own, Sum } from './sum.ts';

const intervalMs = 1000;
/** By then each process that is left has found the new leader. */
const settledMs = 5000;

/**
 * The sum of peers, as each of them holds it. The leader tells every delta to its followers first and serves it then.
 * So when the leader is killed, another peer goes on without a counter going down; the last second is lost.
 */
export class Replica {
  readonly #prefix: string;
  readonly #maxEndpoints: number;
  #served: Sum;
  #isFilled = false;

  constructor(prefix: string, maxEndpoints: number) {
    this.#prefix = prefix;
    this.#maxEndpoints = maxEndpoints;
    this.#served = new Sum(prefix, maxEndpoints);
  }

  /** Whether a leader has told this process the sum. */
  get isFilled(): boolean {
    return this.#isFilled;
  }

  /** What all peers were told: this is served. */
  get served(): Source {
    return this.#served;
  }

  /** Takes what the leader tells. */
  add(delta: Delta, isFirst: boolean): void {
    if (isFirst) this.#served = new Sum(this.#prefix, this.#maxEndpoints);
    this.#isFilled = true;
    this.#served.add(this, delta);
  }

  /** All that is served, for a peer that joins. */
  toDelta(): Delta {
    return new DeltaReader(this.#served).next();
  }

  /** This process leads from now on, and starts from what it was told. */
  lead(own: Own, openChannel: (sum: Sum) => LeaderChannel): void {
    const sum = new Sum(this.#prefix, this.#maxEndpoints, own);
    const deltas = new DeltaReader(sum);
    if (this.#isFilled) {
      sum.load(this.toDelta());
      deltas.skip();
      setTimeout(() => sum.settleGap(), settledMs).unref();
    }
    const channel = openChannel(sum);
    const runOnce = () => {
      const delta = deltas.next();
      channel.tell(delta);
      this.#served.add(this, delta);
    };
    runOnce();
    setInterval(runOnce, intervalMs).unref();
  }
}
