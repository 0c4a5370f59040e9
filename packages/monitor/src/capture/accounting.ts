import type { IncomingMessage } from 'node:http';
import type { UnattributedReason } from '../snapshot.ts';
import type { Connection } from './connection.ts';
import type { Answer, Exchange } from './exchange.ts';
import { headLength, messageLength } from './head-length.ts';
import { Http2Connection } from './http2-connection.ts';
import { hasBegunMessage } from './parser-state.ts';
import type { Settlement } from './settlement.ts';

/** Moves what a connection has moved to exchanges and reasons: where each boundary is decided. */
export class Accounting {
  readonly #settlement: Settlement;

  constructor(settlement: Settlement) {
    this.#settlement = settlement;
  }

  /** A request's head is complete. */
  begin(connection: Connection, request: IncomingMessage, answer: Answer): Exchange {
    if (connection.first?.responded) this.#endResponded(connection, connection.first, request);
    connection.tls?.settleHandshake(this.#settlement);
    if (connection.message) connection.message.begun = false;
    const exchange = connection.take();
    const before = connection.last;
    if (before === null) {
      exchange.begin(request, answer, connection.settledIn);
      connection.first = exchange;
    } else {
      connection.read();
      before.inEnd = this.#endOf(before, connection, request);
      exchange.begin(request, answer, before.inEnd);
      before.next = exchange;
    }
    connection.last = exchange;
    return exchange;
  }

  /** An upgrade or CONNECT: what follows on this connection is its own, until the end. */
  beginTunnel(connection: Connection, request: IncomingMessage, answer: Answer): void {
    this.begin(connection, request, answer).tunnelled = true;
  }

  /** The connection speaks HTTP/2. */
  beginHttp2(connection: Connection): Http2Connection {
    connection.http2 ??= new Http2Connection(connection, this.#settlement);
    return connection.http2;
  }

  /** The response is out: both counters stand at its boundary, unless requests are pipelined. */
  finish(connection: Connection, exchange: Exchange): void {
    connection.read();
    connection.tls?.settleTickets(this.#settlement);
    if (exchange.next === null && exchange.request.complete) exchange.inEnd = this.#boundary(connection, exchange);
    this.#settlement.settleOut(exchange, connection.seenOut - connection.settledOut, true);
    if (exchange.inEnd >= 0 || exchange.next !== null) {
      this.#settleIn(exchange, exchange.inEnd, true);
      this.#end(exchange, connection.refused);
    } else {
      // Answered before its body was read: the rest is still this exchange's.
      exchange.responded = true;
      this.#settleIn(exchange, this.#knownEnd(connection, exchange), true);
    }
  }

  /** Settles what moved so far on an open connection. */
  sample(connection: Connection): void {
    connection.read();
    connection.tls?.sample(this.#settlement);
    if (connection.http2 !== null) {
      connection.http2.settle();
      return;
    }
    connection.tls?.settleTickets(this.#settlement);
    const { first } = connection;
    if (first === null) return;
    if (first.responded && first.request.complete) {
      this.#endResponded(connection, first, null);
      return;
    }
    for (let exchange: Exchange | null = first; exchange; exchange = exchange.next) {
      this.#settleIn(exchange, this.#knownEnd(connection, exchange), false);
    }
    this.#settlement.settleOut(first, connection.seenOut - connection.settledOut, false);
  }

  /** The socket goes: last readings, exchanges end, the rest has a reason. */
  close(connection: Connection): void {
    connection.read();
    connection.tls?.sample(this.#settlement);
    connection.tls?.settleHandshake(this.#settlement);
    connection.tls?.settleTickets(this.#settlement);
    for (let exchange = connection.first; exchange; exchange = connection.first) {
      const whole = exchange.answer.writableFinished && exchange.request.complete && !connection.refused;
      this.#settleIn(exchange, this.#knownEnd(connection, exchange), true);
      this.#settlement.settleOut(exchange, connection.seenOut - connection.settledOut, true);
      this.#end(exchange, !whole);
    }
    connection.http2?.close();
    this.#settlement.settleRest(connection, reasonOf(connection));
    this.#settlement.close(connection);
  }

  /** Gives an exchange its input up to `end`. */
  #settleIn(exchange: Exchange, end: number, final: boolean): void {
    this.#settlement.settleIn(exchange, end - exchange.inStart - exchange.inSettled, final);
  }

  #end(exchange: Exchange, aborted: boolean): void {
    const { connection } = exchange;
    this.#settlement.end(exchange, aborted);
    connection.first = exchange.next;
    if (exchange.next === null) connection.last = null;
  }

  /** The rest of a body that was answered early has come. */
  #endResponded(connection: Connection, exchange: Exchange, following: IncomingMessage | null): void {
    connection.read();
    const end = following ? this.#endOf(exchange, connection, following) : this.#knownEnd(connection, exchange);
    this.#settleIn(exchange, end, true);
    this.#end(exchange, false);
  }

  /** Input up to where it surely is this exchange's. */
  #knownEnd(connection: Connection, exchange: Exchange): number {
    if (exchange.inEnd >= 0) return exchange.inEnd;
    if (exchange.tunnelled) return connection.seenIn;
    if (exchange.request.complete && exchange.next === null) return this.#boundary(connection, exchange);
    if (connection.tls !== null) return connection.seenIn;
    // Asked inside a handler, the read that brought this request may hold others that are not parsed yet.
    const length = messageLength(exchange.request);
    return length < 0 ? connection.seenIn : Math.min(exchange.inStart + length, connection.seenIn);
  }

  /** Where a complete request that nothing has followed yet ends. */
  #boundary(connection: Connection, exchange: Exchange): number {
    const { seenIn } = connection;
    if (connection.tls !== null || seenIn - exchange.inStart === headLength(exchange.request)) return seenIn;
    const length = messageLength(exchange.request);
    const surplus = seenIn - exchange.inStart - length;
    // A surplus is odd spacing, or the beginning of another request in the same read.
    if (length < 0 || surplus <= 0) return seenIn;
    connection.message = hasBegunMessage(connection.socket, connection.message);
    return connection.message.begun ? seenIn - surplus : seenIn;
  }

  /** Where `before` ends, seen when the next request's head is complete. */
  #endOf(before: Exchange, { seenIn, tls }: Connection, request: IncomingMessage): number {
    const least = before.inStart + before.inSettled;
    if (before.inEnd >= 0) return before.inEnd;
    if (tls !== null) return seenIn;
    const length = messageLength(before.request);
    const end = length >= 0 ? before.inStart + length : seenIn - headLength(request);
    return Math.max(least, Math.min(end, seenIn));
  }
}

/** Why the bytes of a closing connection belong to no exchange. */
function reasonOf(connection: Connection): UnattributedReason {
  const code = connection.errorCode;
  if (code === undefined) return connection.http2 === null ? 'idle' : 'http2_session';
  if (code.startsWith('HPE_') || code.startsWith('ERR_HTTP2')) return 'malformed';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'timeout';
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return 'tls_failure';
  return 'other';
}
