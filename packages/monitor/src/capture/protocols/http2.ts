import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { UnattributedReason } from '../../snapshot.ts';
import type { Accounts } from '../accounts.ts';
import type { Attribution, Defer, Flow } from '../attribution.ts';
import type { Exchange, ResponseState } from '../exchange.ts';
import { StreamExchange, type StreamFlow } from './http2-stream.ts';

/** Bytes of a frame's header, and the payload of a DATA frame at most by default (RFC 9113, sections 4.1, 4.2). */
const frameHeader = 9;
const framePayload = 16_384;
/** The client's preface and the empty SETTINGS frame that must follow it (RFC 9113, section 3.4). */
const prefaceBytes = 24 + frameHeader;
/** What a head is taken to cost when the bytes around DATA are shared: HPACK's length is not to be had. */
const headBytes = 60;

type Way = 'in' | 'out';

/**
 * The streams of one HTTP/2 connection. What crossed the socket is exact, and so is each stream's DATA; heads and
 * frame headers can't be told apart from outside, so they are shared among the streams that were active.
 */
export class Http2Attribution implements Attribution {
  readonly idleReason = 'http2_session';
  readonly #streams: StreamExchange[] = [];
  readonly #flow: Flow;
  readonly #accounts: Accounts;
  readonly #defer: Defer;
  /** What leaves in the first turn beside the responses. */
  readonly #openingReason: UnattributedReason;
  /** Attributed to streams or to the session. */
  readonly #attributed = { in: 0, out: 0 };
  #isScheduled = false;
  #isClosed = false;
  #hasOpened: boolean;

  constructor(flow: Flow, accounts: Accounts, defer: Defer, { isEncrypted = false, isLate = false } = {}) {
    this.#flow = flow;
    this.#accounts = accounts;
    this.#defer = defer;
    this.#openingReason = isEncrypted ? 'tls_handshake' : 'http2_session';
    this.#hasOpened = isLate;
  }

  /** A request's head has come on a stream of its own. */
  begin(request: IncomingMessage, response: ResponseState): void {
    this.#flow.read();
    if (!this.#hasOpened) this.#open();
    else if (this.#streams.length === 0) this.#attributeSession('out', this.#moved('out'));
    const { stream } = request as unknown as { stream: ServerHttp2Stream };
    const exchange = new StreamExchange(request, response, stream);
    this.#streams.push(exchange);
    this.#accounts.open(exchange);
  }

  /** The stream of this request goes; what the session still holds of it leaves in the same turn. */
  finish(stream: object): void {
    this.#streams.find((exchange) => exchange.stream === stream)?.readLast();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#defer(() => {
      this.#isScheduled = false;
      this.sample();
    });
  }

  /** Streams of an extended CONNECT stay streams. */
  upgrade(): Attribution {
    return this;
  }

  find(request: object): Exchange | undefined {
    const stream = 'stream' in request ? request.stream : request;
    return this.#streams.find((exchange) => exchange.stream === stream);
  }

  get isIdle(): boolean {
    return this.#streams.length === 0;
  }

  get exchanges(): readonly Exchange[] {
    return this.#streams;
  }

  sample(): void {
    if (this.#isClosed) return;
    this.#flow.read();
    if (this.#hasOpened) this.#update(false);
  }

  close(): void {
    this.#flow.read();
    this.#update(true);
    this.#isClosed = true;
  }

  #update(isClosing: boolean): void {
    for (const exchange of this.#streams) exchange.read();
    this.#share('in');
    this.#share('out');
    this.#endStreams(isClosing);
  }

  #open(): void {
    this.#hasOpened = true;
    this.#attributeSession('in', Math.min(prefaceBytes, this.#moved('in')));
    this.#defer(() => this.#attributeOpening());
  }

  /** Tickets and the server's own SETTINGS leave in the first turn, perhaps with the first response. */
  #attributeOpening(): void {
    if (this.#isClosed) return;
    this.#flow.read();
    let responses = 0;
    for (const exchange of this.#streams) {
      exchange.read();
      const { hasPendingHead, pendingData } = exchange.sent;
      responses += pendingData + framesLength(pendingData) + (hasPendingHead ? headBytes : 0);
    }
    this.#attributeSession('out', Math.max(0, this.#moved('out') - responses), this.#openingReason);
  }

  #moved(way: Way): number {
    return this.#flow[way] - this.#attributed[way];
  }

  #attributeSession(way: Way, bytes: number, reason: UnattributedReason = 'http2_session'): void {
    this.#attributed[way] += bytes;
    this.#accounts.addUnattributed(reason, way === 'in' ? bytes : 0, way === 'out' ? bytes : 0);
  }

  /** Attributes to each stream its DATA, then what is left by what each will have needed for frames and head. */
  #share(way: Way): void {
    const moved = this.#moved(way);
    if (moved <= 0) return;
    let data = 0;
    let overhead = 0;
    for (const exchange of this.#streams) {
      const flow = flowOf(exchange, way);
      data += flow.pendingData;
      overhead += overheadLength(flow);
    }
    if (data > moved) this.#shareData(way, moved / data);
    else if (overhead === 0) this.#attributeSession(way, moved);
    else this.#shareAll(way, moved - data, overhead);
  }

  /** More was submitted than has crossed: nobody can tell whose it was, so each gets the same part. */
  #shareData(way: Way, part: number): void {
    for (const exchange of this.#streams) {
      const flow = flowOf(exchange, way);
      const bytes = Math.floor(flow.pendingData * part);
      flow.attributedData += bytes;
      this.#attribute(exchange, way, bytes);
    }
  }

  #shareAll(way: Way, rest: number, overhead: number): void {
    let left = rest;
    let leftOverhead = overhead;
    for (const exchange of this.#streams) {
      const flow = flowOf(exchange, way);
      const own = overheadLength(flow);
      if (own === 0) continue;
      const share = Math.round((left * own) / leftOverhead);
      left -= share;
      leftOverhead -= own;
      const bytes = flow.pendingData + share;
      flow.attributedData = flow.data;
      flow.hasPendingHead = false;
      this.#attribute(exchange, way, bytes);
    }
  }

  #attribute(exchange: StreamExchange, way: Way, bytes: number): void {
    this.#attributed[way] += bytes;
    this.#accounts.attribute(exchange, way === 'in' ? bytes : 0, way === 'out' ? bytes : 0, false);
  }

  #endStreams(isClosing: boolean): void {
    let kept = 0;
    for (const exchange of this.#streams) {
      exchange.forgetUnsent();
      const isFinished = exchange.isDone && exchange.received.pendingData <= 0 && exchange.sent.pendingData <= 0;
      if (isClosing || isFinished) {
        this.#accounts.attribute(exchange, 0, 0, true);
        this.#accounts.end(exchange, exchange.isAborted);
      } else {
        // Its status may have become known without a byte.
        this.#accounts.attribute(exchange, 0, 0, false);
        this.#streams[kept++] = exchange;
      }
    }
    this.#streams.length = kept;
  }
}

function flowOf({ received, sent }: StreamExchange, way: Way): StreamFlow {
  return way === 'in' ? received : sent;
}

function overheadLength(flow: StreamFlow): number {
  return framesLength(flow.pendingData) + (flow.hasPendingHead ? headBytes : 0);
}

function framesLength(data: number): number {
  return Math.ceil(data / framePayload) * frameHeader;
}
