import type { IncomingMessage } from 'node:http';
import type { Accounts } from '../../accounts.ts';
import type { Attribution, Defer, Flow } from '../../attribution.ts';
import { Exchange, type ResponseState } from '../../exchange.ts';
import { TunnelAttribution } from '../tunnel.ts';
import { headLength, messageLength, requestLineLength } from './head-length.ts';
import { hasBegunMessage, type MessageState } from './parsers.ts';

/** An exchange between two boundaries of the flow. */
class Http1Exchange extends Exchange {
  /** The next exchange on this connection: only there when requests are pipelined. */
  next: Http1Exchange | null = null;
  /** Where its input begins. */
  inStart = 0;
  /** Where its input ends; -1 until known. */
  inEnd = -1;
  lineLength = 0;
  /** The response is out, the request's body is still coming. */
  isResponded = false;

  begin(request: IncomingMessage, response: ResponseState, inStart: number): void {
    this.open(request, response);
    this.next = null;
    this.inStart = inStart;
    this.inEnd = -1;
    this.lineLength = requestLineLength(request);
    this.isResponded = false;
  }

  get isComplete(): boolean {
    return (this.request as IncomingMessage).complete;
  }

  get messageLength(): number {
    return messageLength(this.request as IncomingMessage, this.lineLength);
  }
}

/**
 * HTTP/1.0 and 1.1. Output belongs to the first open exchange. Input is cut where a response is out and nothing more
 * has come, which is exact; or, when requests are pipelined, by the length that a request must have.
 */
export class Http1Attribution implements Attribution {
  readonly idleReason = 'idle';
  readonly #flow: Flow;
  readonly #accounts: Accounts;
  readonly #defer: Defer;
  /** TLS deciphers a whole read before anything is parsed: no boundary lies inside of one. */
  readonly #isEncrypted: boolean;
  /** Open exchanges in order of arrival. */
  #first: Http1Exchange | null = null;
  #last: Http1Exchange | null = null;
  /** Up to here everything is attributed. */
  #inPosition = 0;
  #outPosition = 0;
  /** After an upgrade: what leaves beyond this is the tunnel's. */
  #outLimit = Number.POSITIVE_INFINITY;
  /** An ended exchange to use again, so that nothing is allocated for a request in steady state. */
  #spare: Http1Exchange | null = null;
  /** Whether the parser is inside a next head; null until a surplus made us ask. */
  #message: MessageState | null = null;
  /** An exchange was under way when counting began: what moved for it belongs to none. */
  #hasUnknown: boolean;

  constructor(flow: Flow, accounts: Accounts, defer: Defer, { isEncrypted = false, hasUnknown = false } = {}) {
    this.#flow = flow;
    this.#accounts = accounts;
    this.#defer = defer;
    this.#isEncrypted = isEncrypted;
    this.#hasUnknown = hasUnknown;
  }

  begin(request: IncomingMessage, response: ResponseState): void {
    const start = this.#startOf(request);
    const exchange = this.#spare ?? new Http1Exchange();
    this.#spare = null;
    exchange.begin(request, response, start);
    if (this.#last === null) this.#first = exchange;
    else this.#last.next = exchange;
    this.#last = exchange;
    this.#accounts.open(exchange);
  }

  /** Both counters stand at the response's boundary, unless requests are pipelined. */
  finish(request: object): void {
    const exchange = this.#first;
    if (exchange === null || exchange.request !== request) {
      if (!this.#hasUnknown) return;
      this.#flow.read();
      this.#endUnknown(this.#flow.in);
      return;
    }
    const flow = this.#flow;
    flow.read();
    if (exchange.inEnd < 0 && exchange.isComplete) exchange.inEnd = this.#boundary(exchange);
    if (exchange.inEnd >= 0) {
      this.#attribute(exchange, exchange.inEnd, true);
      this.#end(exchange, flow.isRefused);
    } else {
      // Answered before its body was read: the rest is still this exchange's.
      exchange.isResponded = true;
      this.#attribute(exchange, this.#knownEnd(exchange), true);
      (exchange.request as IncomingMessage).once('close', () => this.#defer(() => this.#endIfComplete(request)));
    }
  }

  /** The body of a request that was answered early has been read, a turn ago: what came in the same read has begun. */
  #endIfComplete(request: object): void {
    const first = this.#first;
    if (first?.request !== request || !first.isComplete || first.next !== null) return;
    this.#message = hasBegunMessage(this.#flow.socket, this.#message);
    if (this.#message.begun) return;
    this.#flow.read();
    this.#endResponded(first, this.#knownEnd(first));
  }

  upgrade(request: IncomingMessage, response: ResponseState): Attribution {
    const inStart = this.#startOf(request);
    const before = this.#first === null ? null : this;
    // What was submitted up to now is theirs who came before; where that isn't known, what leaves until they end.
    this.#outLimit = this.#flow.submitted ?? Number.POSITIVE_INFINITY;
    return new TunnelAttribution(this.#flow, this.#accounts, {
      request,
      response,
      inStart,
      outStart: this.#outPosition,
      before,
    });
  }

  sample(): void {
    this.#flow.read();
    const first = this.#first;
    if (first === null) return;
    if (first.isResponded && first.isComplete) {
      this.#endResponded(first, this.#knownEnd(first));
      return;
    }
    this.#attribute(first, this.#knownEnd(first), false);
    for (let exchange = first.next; exchange; exchange = exchange.next) {
      this.#attributeIn(exchange, this.#knownEnd(exchange), false);
    }
  }

  close(): void {
    const flow = this.#flow;
    flow.read();
    for (let exchange = this.#first; exchange; exchange = this.#first) {
      this.#attribute(exchange, this.#knownEnd(exchange), true);
      this.#end(exchange, exchange.isAborted || flow.isRefused);
    }
  }

  get isIdle(): boolean {
    return this.#first === null;
  }

  get exchanges(): readonly Exchange[] {
    const open = [];
    for (let exchange = this.#first; exchange; exchange = exchange.next) open.push(exchange);
    return open;
  }

  /** Where the output of what comes after an upgrade begins, as far as it is known. */
  get outEnd(): number {
    return this.isIdle ? this.#outPosition : this.#outLimit;
  }

  /** Where the input of a request begins whose head is complete now. */
  #startOf(request: IncomingMessage): number {
    const first = this.#first;
    if (this.#hasUnknown) {
      this.#flow.read();
      this.#endUnknown(this.#flow.in - ownLength(request, this.#flow.in));
    }
    if (first?.isResponded) {
      this.#flow.read();
      this.#endResponded(first, this.#endOf(first, request));
    }
    if (this.#message !== null) this.#message.begun = false;
    const before = this.#last;
    if (before === null) return this.#inPosition;
    this.#flow.read();
    before.inEnd = this.#endOf(before, request);
    return before.inEnd;
  }

  /** Input up to `end`, and all output. */
  #attribute(exchange: Http1Exchange, end: number, final: boolean): void {
    const out = Math.min(this.#flow.out, this.#outLimit);
    const bytesOut = out - this.#outPosition;
    if (bytesOut > 0) this.#outPosition = out;
    this.#accounts.attribute(exchange, end - exchange.inStart - exchange.in, bytesOut, final);
  }

  #attributeIn(exchange: Http1Exchange, end: number, final: boolean): void {
    this.#accounts.attribute(exchange, end - exchange.inStart - exchange.in, 0, final);
  }

  #end(exchange: Http1Exchange, isAborted: boolean): void {
    this.#first = exchange.next;
    if (exchange.next === null) this.#last = null;
    this.#inPosition = exchange.inStart + exchange.in;
    exchange.next = null;
    this.#accounts.end(exchange, isAborted);
    this.#spare = exchange;
  }

  /** The rest of a body that was answered early has come. */
  #endResponded(exchange: Http1Exchange, end: number): void {
    this.#attributeIn(exchange, end, true);
    this.#end(exchange, false);
  }

  /** Input and output of an exchange that began before we counted. */
  #endUnknown(end: number): void {
    this.#hasUnknown = false;
    const bytesIn = Math.max(0, end - this.#inPosition);
    this.#accounts.addUnattributed('other', bytesIn, this.#flow.out - this.#outPosition);
    this.#inPosition += bytesIn;
    this.#outPosition = this.#flow.out;
  }

  /** Input up to where it surely is this exchange's. */
  #knownEnd(exchange: Http1Exchange): number {
    const { in: seenIn } = this.#flow;
    if (exchange.inEnd >= 0) return exchange.inEnd;
    if (exchange.isComplete && exchange.next === null) return this.#boundary(exchange);
    if (this.#isEncrypted) return seenIn;
    // Asked inside a handler, the read that brought this request may hold others that are not parsed yet.
    const length = exchange.messageLength;
    return length < 0 ? seenIn : Math.min(exchange.inStart + length, seenIn);
  }

  /** Where a complete request ends that nothing has followed yet. */
  #boundary(exchange: Http1Exchange): number {
    const { in: seenIn, socket } = this.#flow;
    if (this.#isEncrypted) return seenIn;
    const length = exchange.messageLength;
    const surplus = seenIn - exchange.inStart - length;
    // A surplus is odd spacing, or the beginning of another request in the same read.
    if (length < 0 || surplus <= 0) return seenIn;
    this.#message = hasBegunMessage(socket, this.#message);
    return this.#message.begun ? seenIn - surplus : seenIn;
  }

  /** Where `before` ends, seen when the next request's head is complete. */
  #endOf(before: Http1Exchange, next: IncomingMessage): number {
    const { in: seenIn } = this.#flow;
    if (before.inEnd >= 0) return before.inEnd;
    if (this.#isEncrypted) return seenIn;
    const length = before.messageLength;
    const end = length >= 0 ? before.inStart + length : seenIn - headLength(next, requestLineLength(next));
    return Math.max(before.inStart + before.in, Math.min(end, seenIn));
  }
}

/**
 * How many of `read` bytes are this request's at most, where we don't know what came before: its head, and its body
 * if all that came isn't more than both.
 */
export function ownLength(request: IncomingMessage, read: number): number {
  const line = requestLineLength(request);
  const whole = messageLength(request, line);
  return read <= whole ? read : Math.min(read, headLength(request, line));
}
