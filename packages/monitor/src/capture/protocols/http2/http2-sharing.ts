import type { UnattributedReason } from '../../../snapshot.ts';
import type { Accounts } from '../../accounts.ts';
import type { Flow } from '../../attribution.ts';
import type { Way } from './http2-flow.ts';
import { shortFrame } from './http2-frames.ts';
import type { SessionFrames } from './http2-session.ts';
import type { StreamExchange } from './http2-stream.ts';

/** What a client's first SETTINGS and a larger window for the connection take beside the preface, at most. */
const mostSettings = 6 * 8 + shortFrame;

/**
 * Shares what has crossed a connection among its streams and the session. Each direction is shared in this order:
 *
 * 1. DATA that has surely crossed, whose writes are through;
 * 2. heads and other frames, as long as they should be;
 * 3. writes that are under way, of which some part has crossed: with one such write, the part is what is left; with
 *    several, each gets only what the others can't have sent, and the rest waits until it is known;
 * 4. what is left then, by what each stream has moved, within what its frames can be longer than they should.
 */
export class Http2Sharing {
  /** The preface and the first SETTINGS are still to be told from the first streams. */
  isOpening = false;
  /** DATA that may still come for streams that are gone. */
  strayBytes = 0;
  readonly #streams: readonly StreamExchange[];
  readonly #session: SessionFrames;
  readonly #flow: Flow;
  readonly #accounts: Accounts;
  readonly #isEncrypted: boolean;

  constructor(
    streams: readonly StreamExchange[],
    session: SessionFrames,
    flow: Flow,
    accounts: Accounts,
    isEncrypted: boolean,
  ) {
    this.#streams = streams;
    this.#session = session;
    this.#flow = flow;
    this.#accounts = accounts;
    this.#isEncrypted = isEncrypted;
  }

  /** Bytes that have crossed and are attributed to nobody. */
  moved(way: Way): number {
    const { in: received, out: sent } = this.#flow;
    return (way === 'in' ? received : sent) - this.#session.flow(way).attributed;
  }

  attributeSession(way: Way, bytes: number, reason: UnattributedReason = 'http2_session'): void {
    if (bytes <= 0) return;
    this.#session.flow(way).attributed += bytes;
    this.#accounts.addUnattributed(reason, way === 'in' ? bytes : 0, way === 'out' ? bytes : 0);
  }

  /**
   * Attributes what is known, and returns what is left of the input; -1 where frames are missing.
   *
   * @param isWhole all that was read has been told.
   */
  share(isWhole: boolean): number {
    const restIn = this.#shareKnown('in');
    // Some of what is left may have allowed more to be sent, except what a client begins with.
    const mayAllowMore = restIn >= shortFrame && !this.isOpening;
    if (mayAllowMore && isWhole) this.forgetWindows();
    const restOut = this.#shareKnown('out');
    if (restOut >= 0 && (isWhole || !mayAllowMore)) this.shareRest('out', this.#shareUncertain(restOut));
    return restIn;
  }

  /** What the frames should not have needed. */
  shareRest(way: Way, bytes: number): void {
    let rest = this.isOpening ? this.#attributeOpening(way, bytes) : bytes;
    if (way === 'in') rest = this.#takeUpdates(this.#attributeStray(rest));
    rest = this.#shareByWeight(way, rest);
    // Part of a head is counted before the head is known; what is sent is known before.
    const session = this.#session.flow(way);
    const foreign = way === 'out' ? rest : Math.min(rest, session.unexplained);
    this.attributeSession(way, foreign);
    session.unexplained = rest - foreign;
  }

  /** The client may have allowed more. */
  forgetWindows(): void {
    for (const { sent } of this.#streams) sent.window = Number.POSITIVE_INFINITY;
  }

  /** What surely is whose. What is left is returned; -1 where frames are missing that should have crossed. */
  #shareKnown(way: Way): number {
    const moved = this.moved(way);
    return moved <= 0 ? -1 : this.#shareOverhead(way, this.#shareData(way, moved));
  }

  /** DATA that has surely crossed. */
  #shareData(way: Way, bytes: number): number {
    let left = bytes;
    for (const exchange of this.#streams) {
      const flow = exchange.flow(way);
      left -= flow.addData(Math.min(left, flow.pendingData));
    }
    this.#session.flow(way).attributed += bytes - left;
    return left;
  }

  /** Heads and other frames, those of streams that end first. */
  #shareOverhead(way: Way, bytes: number): number {
    const session = this.#session.flow(way);
    let left = bytes;
    let pending = session.pendingOverhead;
    for (const exchange of this.#streams) {
      const flow = exchange.flow(way);
      if (exchange.isDone) left -= flow.addOverhead(Math.min(left, flow.pendingOverhead));
      pending += flow.pendingOverhead;
    }
    const part = pending > left ? left / pending : 1;
    const own = Math.floor(session.pendingOverhead * part);
    for (const exchange of this.#streams) {
      const flow = exchange.flow(way);
      left -= flow.addOverhead(Math.floor(flow.pendingOverhead * part));
    }
    session.attributed += bytes - left;
    session.attributedOverhead += own;
    this.attributeSession(way, own);
    return part < 1 ? -1 : left - own;
  }

  /** DATA of writes that are under way. */
  #shareUncertain(bytes: number): number {
    let uncertain = this.#sumUncertain();
    if (bytes > uncertain) {
      this.forgetWindows();
      uncertain = this.#sumUncertain();
    }
    if (uncertain === 0) return bytes;
    const crossed = Math.min(bytes, uncertain);
    for (const { sent } of this.#streams) {
      const own = sent.uncertain;
      if (own > 0) this.#session.out.attributed += sent.addData(Math.max(0, crossed - (uncertain - own)));
    }
    return bytes - crossed;
  }

  #sumUncertain(): number {
    let uncertain = 0;
    for (const { sent } of this.#streams) uncertain += sent.uncertain;
    return uncertain;
  }

  #attributeOpening(way: Way, bytes: number): number {
    const own = way === 'out' ? bytes : Math.min(bytes, mostSettings);
    this.attributeSession(way, own, way === 'out' && this.#isEncrypted ? 'tls_handshake' : 'http2_session');
    return bytes - own;
  }

  #attributeStray(bytes: number): number {
    const stray = Math.min(bytes, this.strayBytes);
    this.strayBytes -= stray;
    this.attributeSession('in', stray);
    return bytes - stray;
  }

  /** The client tells Node to go on, if it does it as Node would: on each stream, and on the connection. */
  #takeUpdates(bytes: number): number {
    let left = bytes;
    const { in: read, out: session, clientUpdatesAfter, updateAfter } = this.#session;
    for (const { received, sent } of this.#streams) {
      const taken = sent.takeUpdates(left, clientUpdatesAfter);
      if (taken === 0) continue;
      received.overhead += taken;
      left -= received.addOverhead(taken);
    }
    read.attributed += bytes - left;
    const expected = Math.floor(session.data / updateAfter) - session.updates;
    const taken = Math.max(0, Math.min(left, expected * shortFrame));
    // A client whose window for the connection is larger than that for a stream sends fewer, or none.
    session.updates += Math.ceil(taken / shortFrame) + Math.ceil((expected - taken / shortFrame) / 2);
    this.attributeSession('in', taken);
    return left - taken;
  }

  #shareByWeight(way: Way, bytes: number): number {
    let weights = 0;
    for (const exchange of this.#streams) weights += exchange.weight(way);
    let rest = bytes;
    for (const exchange of this.#streams) {
      const weight = exchange.weight(way);
      if (weight === 0) continue;
      const flow = exchange.flow(way);
      const share = Math.min(exchange.mostRest(way, this.#isEncrypted), Math.round((rest * weight) / weights));
      weights -= weight;
      flow.overhead += share;
      rest -= flow.addOverhead(share);
      flow.settle();
    }
    this.#session.flow(way).attributed += bytes - rest;
    return rest;
  }
}
