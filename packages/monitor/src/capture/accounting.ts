import type { IncomingMessage } from 'node:http';
import type { UnattributedReason } from '../snapshot.ts';
import type { Connection } from './connection.ts';
import type { Answer, Exchange } from './exchange.ts';
import { headLength, messageLength } from './head-length.ts';
import { hasBegunMessage } from './parser-state.ts';
import type { Settlement } from './settlement.ts';
import { ciphertextOf } from './tls-records.ts';

/** Moves what a connection has moved to exchanges and reasons: where each boundary is decided. */
export class Accounting {
  readonly #settlement: Settlement;

  constructor(settlement: Settlement) {
    this.#settlement = settlement;
  }

  /** A request's head is complete. */
  begin(connection: Connection, request: IncomingMessage, answer: Answer): Exchange {
    if (connection.first?.responded) this.#endResponded(connection, connection.first, request);
    if (connection.encrypted && !connection.handshakeSettled) this.settleHandshake(connection);
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

  /** The response is out: both counters stand at its boundary, unless requests are pipelined. */
  finish(connection: Connection, exchange: Exchange): void {
    connection.read();
    if (exchange.next === null && exchange.request.complete) exchange.inEnd = this.#boundary(connection, exchange);
    this.#settlement.settleOut(exchange, connection.seenOut - connection.settledOut, true);
    if (exchange.inEnd >= 0 || exchange.next !== null) {
      this.#settleIn(exchange, exchange.inEnd, true);
      this.#end(exchange, false);
    } else {
      // Answered before its body was read: the rest is still this exchange's.
      exchange.responded = true;
      this.#settleIn(exchange, connection.seenIn, true);
    }
  }

  /** Settles what moved so far on an open connection. */
  sample(connection: Connection): void {
    connection.read();
    if (connection.encrypted) this.#sampleTls(connection);
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
    if (connection.encrypted) this.#sampleTls(connection);
    if (connection.encrypted && !connection.handshakeSettled) this.settleHandshake(connection);
    for (let exchange = connection.first; exchange; exchange = connection.first) {
      const whole = exchange.answer.writableFinished && exchange.request.complete;
      this.#settleIn(exchange, this.#knownEnd(connection, exchange), true);
      this.#settlement.settleOut(exchange, connection.seenOut - connection.settledOut, true);
      this.#end(exchange, !whole);
    }
    this.#settlement.settleRest(connection, reasonOf(connection));
    this.#settlement.close(connection);
  }

  /** Handshake and session tickets belong to no exchange. */
  settleHandshake(connection: Connection): void {
    connection.read();
    connection.handshakeSettled = true;
    const failed = connection.handshakeIn < 0;
    const bytesIn = (failed ? connection.seenIn : handshakeEnd(connection)) - connection.settledIn;
    const bytesOut = connection.seenOut - connection.settledOut;
    this.#settlement.settleUnattributed(connection, failed ? 'tls_failure' : 'tls_handshake', bytesIn, bytesOut);
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
    // While the request is not complete, all that was parsed is its own.
    if (!exchange.request.complete || connection.encrypted) return connection.seenIn;
    const length = messageLength(exchange.request);
    return length < 0 ? connection.seenIn : Math.min(exchange.inStart + length, connection.seenIn);
  }

  /** Where a complete request that nothing has followed yet ends. */
  #boundary(connection: Connection, exchange: Exchange): number {
    const { seenIn } = connection;
    if (connection.encrypted || seenIn - exchange.inStart === headLength(exchange.request)) return seenIn;
    const length = messageLength(exchange.request);
    const surplus = seenIn - exchange.inStart - length;
    // A surplus is odd spacing, or the beginning of another request in the same read.
    if (length < 0 || surplus <= 0) return seenIn;
    connection.message = hasBegunMessage(connection.socket, connection.message);
    return connection.message.begun ? seenIn - surplus : seenIn;
  }

  /** Where `before` ends, seen when the next request's head is complete. */
  #endOf(before: Exchange, { seenIn, encrypted }: Connection, request: IncomingMessage): number {
    const least = before.inStart + before.inSettled;
    if (before.inEnd >= 0) return before.inEnd;
    if (encrypted) return seenIn;
    const length = messageLength(before.request);
    const end = length >= 0 ? before.inStart + length : seenIn - headLength(request);
    return Math.max(least, Math.min(end, seenIn));
  }

  #sampleTls(connection: Connection): void {
    const { tls } = connection;
    if (tls === null) return;
    const bytesIn = connection.seenIn - tls.bytesRead;
    const bytesOut = connection.seenOut - tls.bytesWritten;
    // The plaintext getter counts what is submitted; the overhead shows once its records are out.
    const grownIn = Math.max(0, bytesIn - connection.overheadIn);
    const grownOut = Math.max(0, bytesOut - connection.overheadOut);
    connection.overheadIn += grownIn;
    connection.overheadOut += grownOut;
    this.#settlement.addTlsOverhead(grownIn, grownOut);
  }
}

/** Where the handshake's input ends: the first request may have come in the same read. */
function handshakeEnd({ handshakeIn, seenIn, tls }: Connection): number {
  return tls !== null && seenIn === handshakeIn ? Math.max(0, seenIn - ciphertextOf(tls)) : handshakeIn;
}

/** Why the bytes of a closing connection belong to no exchange. */
function reasonOf(connection: Connection): UnattributedReason {
  const code = connection.errorCode;
  if (code === undefined) return 'idle';
  if (code.startsWith('HPE_')) return 'malformed';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'timeout';
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return 'tls_failure';
  return 'other';
}
