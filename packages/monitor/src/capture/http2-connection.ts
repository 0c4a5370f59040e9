import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { UnattributedReason } from '../snapshot.ts';
import type { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { type Flow, StreamExchange } from './http2-stream.ts';
import type { Settlement } from './settlement.ts';

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
export class Http2Connection {
  readonly streams: StreamExchange[] = [];
  readonly #connection: Connection;
  readonly #settlement: Settlement;
  /** Given to streams or to the session, in bytes of the connection. */
  readonly #given = { in: 0, out: 0 };
  #isScheduled = false;
  #hasOpened = false;

  constructor(connection: Connection, settlement: Settlement) {
    this.#connection = connection;
    this.#settlement = settlement;
  }

  /** A request's head has come on a stream of its own. */
  begin(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): StreamExchange {
    this.#connection.read();
    if (!this.#hasOpened) this.#open();
    else if (this.streams.length === 0) this.#giveSession('out', this.#moved('out'));
    const entry = new StreamExchange(this.#connection, stream, headers);
    this.streams.push(entry);
    return entry;
  }

  /** A stream goes; what the session still holds of it leaves in the same turn. */
  end(entry: StreamExchange): void {
    entry.end();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#connection.index >= 0) this.settle();
    });
  }

  /** The exchange of a request, or of its stream, that is open. */
  find(request: object): Exchange | undefined {
    const stream = 'stream' in request ? request.stream : request;
    return this.streams.find((entry) => entry.stream === stream)?.exchange;
  }

  /** Settles what moved so far. */
  settle(): void {
    this.#connection.read();
    if (!this.#hasOpened) return;
    for (const entry of this.streams) entry.read();
    this.#share('in');
    this.#share('out');
    this.#settleStreams(false);
  }

  /** The socket goes: every stream ends, the rest is the session's. */
  close(): void {
    for (const entry of this.streams) entry.read();
    this.#share('in');
    this.#share('out');
    this.#settleStreams(true);
  }

  #open(): void {
    this.#hasOpened = true;
    this.#connection.tls?.settleHandshake(this.#settlement, false);
    this.#given.in = this.#connection.settledIn;
    this.#given.out = this.#connection.settledOut;
    this.#giveSession('in', Math.min(prefaceBytes, this.#moved('in')));
    setImmediate(() => this.#giveOpening());
  }

  /** Tickets and the server's own SETTINGS leave in the first turn, perhaps with the first answer. */
  #giveOpening(): void {
    if (this.#connection.index < 0) return;
    this.#connection.read();
    let answers = 0;
    for (const entry of this.streams) {
      entry.read();
      const { owesHead, wanted } = entry.out;
      answers += wanted + framesOf(wanted) + (owesHead ? headBytes : 0);
    }
    const opening = Math.max(0, this.#moved('out') - answers);
    this.#giveSession('out', opening, this.#connection.tls === null ? 'http2_session' : 'tls_handshake');
  }

  #moved(way: Way): number {
    return (way === 'in' ? this.#connection.seenIn : this.#connection.seenOut) - this.#given[way];
  }

  #giveSession(way: Way, bytes: number, reason: UnattributedReason = 'http2_session'): void {
    this.#given[way] += bytes;
    this.#settlement.settleUnattributed(this.#connection, reason, way === 'in' ? bytes : 0, way === 'out' ? bytes : 0);
  }

  /** Gives each stream its DATA, then what is left by what each will have needed for frames and head. */
  #share(way: Way): void {
    const moved = this.#moved(way);
    if (moved <= 0) return;
    let wanted = 0;
    let overhead = 0;
    for (const entry of this.streams) {
      const flow = entry[way];
      wanted += flow.wanted;
      overhead += overheadOf(flow);
    }
    if (wanted > moved) this.#shareData(way, moved / wanted);
    else if (overhead === 0) this.#giveSession(way, moved);
    else this.#shareAll(way, moved - wanted, overhead);
  }

  /** More was submitted than has crossed: nobody can tell whose it was, so each gets the same part. */
  #shareData(way: Way, part: number): void {
    for (const entry of this.streams) {
      const flow = entry[way];
      const bytes = Math.floor(flow.wanted * part);
      flow.given += bytes;
      this.#give(way, flow, bytes);
    }
  }

  #shareAll(way: Way, rest: number, overhead: number): void {
    let left = rest;
    let leftOverhead = overhead;
    for (const entry of this.streams) {
      const flow = entry[way];
      const own = overheadOf(flow);
      if (own === 0) continue;
      const share = Math.round((left * own) / leftOverhead);
      left -= share;
      leftOverhead -= own;
      const bytes = flow.wanted + share;
      flow.given = flow.data;
      flow.owesHead = false;
      this.#give(way, flow, bytes);
    }
  }

  #give(way: Way, flow: Flow, bytes: number): void {
    flow.due += bytes;
    this.#given[way] += bytes;
  }

  #settleStreams(closing: boolean): void {
    let kept = 0;
    for (const entry of this.streams) {
      const { exchange } = entry;
      entry.forgetUnsent();
      const ends = closing || (entry.done && entry.in.wanted <= 0 && entry.out.wanted <= 0);
      this.#settlement.settleIn(exchange, entry.in.due - exchange.inSettled, ends);
      this.#settlement.settleOut(exchange, entry.out.due - exchange.outSettled, ends);
      if (ends) this.#settlement.end(exchange, entry.aborted);
      else this.streams[kept++] = entry;
    }
    this.streams.length = kept;
  }
}

function overheadOf(flow: Flow): number {
  return framesOf(flow.wanted) + (flow.owesHead ? headBytes : 0);
}

function framesOf(data: number): number {
  return Math.ceil(data / framePayload) * frameHeader;
}
