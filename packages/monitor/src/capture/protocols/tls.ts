import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { UnattributedReason } from '../../snapshot.ts';
import type { Accounts } from '../accounts.ts';
import type { Attribution, Defer, Flow } from '../attribution.ts';
import type { Exchange, ResponseState } from '../exchange.ts';
import type { Connection } from '../sockets/connection.ts';
import { SocketHooks } from '../sockets/socket-hooks.ts';
import { Http1Attribution } from './http1/http1.ts';
import { ciphertextLength, WrittenRecords } from './tls-records.ts';

/** What TLS leaves of a connection: all but the handshake and the session tickets. */
class TlsFlow implements Flow {
  readonly socket: TLSSocket;
  /** Bytes of the handshake and of tickets, in front of the protocol's own. */
  handshakeIn = 0;
  handshakeOut = 0;
  readonly #connection: Connection;

  constructor(connection: Connection, socket: TLSSocket) {
    this.#connection = connection;
    this.socket = socket;
  }

  get in(): number {
    return this.#connection.in - this.handshakeIn;
  }

  get out(): number {
    return this.#connection.out - this.handshakeOut;
  }

  /** Ciphertext comes into being as it is written. */
  get submitted(): null {
    return null;
  }

  get hasUnsent(): boolean {
    return this.#connection.hasUnsent;
  }

  get isRefused(): boolean {
    return this.#connection.isRefused;
  }

  read(): void {
    this.#connection.read();
  }
}

/** Makes the attribution of what is inside of TLS. */
export type MakeInner = (flow: Flow & { readonly socket: Duplex }) => Attribution;

/** TLS around another protocol: it knows the handshake, the tickets, and what the records add. */
export class TlsAttribution implements Attribution {
  readonly #connection: Connection;
  readonly #accounts: Accounts;
  readonly #defer: Defer;
  #flow: TlsFlow | null = null;
  #inner: Attribution | null = null;
  /** Input at the moment when the handshake was done. */
  #securedAt = 0;
  #isHandshakeAttributed = false;
  /** While tickets may still leave together with the first response. */
  #records: WrittenRecords | null = null;
  /** Bytes already told apart from their plaintext. */
  #overheadIn = 0;
  #overheadOut = 0;
  /** Plaintext received, and its overhead, when nothing was half received. */
  #boundaryPlaintext = 0;
  #boundaryOverhead = 0;
  /** Bytes moved at the last sample. */
  #sampledAt = -1;

  constructor(connection: Connection, accounts: Accounts, defer: Defer) {
    this.#connection = connection;
    this.#accounts = accounts;
    this.#defer = defer;
  }

  /** The handshake is done, `socket` is its plaintext end. */
  secure(socket: TLSSocket, makeInner: MakeInner): void {
    this.#flow = new TlsFlow(this.#connection, socket);
    this.#inner = makeInner(this.#flow);
    this.#connection.writer = socket;
    this.#connection.read();
    this.#securedAt = this.#connection.in;
  }

  /** Counting began long after the handshake. */
  secureLate(socket: TLSSocket, makeInner: MakeInner): void {
    this.secure(socket, makeInner);
    this.#isHandshakeAttributed = true;
    this.#overheadIn = -socket.bytesRead;
    this.#overheadOut = -socket.bytesWritten;
    this.#boundaryPlaintext = socket.bytesRead;
    this.#boundaryOverhead = -socket.bytesRead;
  }

  get isSecure(): boolean {
    return this.#flow !== null;
  }

  get idleReason(): UnattributedReason {
    return this.#inner?.idleReason ?? 'tls_failure';
  }

  begin(request: IncomingMessage, response: ResponseState): void {
    if (this.#flow === null) this.#continueInClear();
    else this.#attributeHandshake();
    this.#inner?.begin(request, response);
  }

  finish(request: object): void {
    this.#attributeTickets();
    this.#inner?.finish(request);
    // Between two exchanges: nothing of the next has come, unless it was pipelined.
    if (this.#inner?.isIdle) this.#countOverhead(true);
  }

  upgrade(request: IncomingMessage, response: ResponseState): Attribution {
    this.#attributeHandshake();
    this.#inner = this.#inner?.upgrade(request, response) ?? null;
    return this;
  }

  sample(): void {
    this.#connection.read();
    if (this.#isHandshakeAttributed) {
      this.#attributeTickets();
      this.#inner?.sample();
    }
    const moved = this.#connection.in + this.#connection.out;
    if (moved === this.#sampledAt) return;
    this.#sampledAt = moved;
    this.#countOverhead(false);
  }

  close(): void {
    this.#connection.read();
    this.#attributeHandshake();
    this.#attributeTickets();
    this.#inner?.close();
    this.#countOverhead(true);
  }

  get exchanges(): readonly Exchange[] {
    return this.#inner?.exchanges ?? [];
  }

  get isIdle(): boolean {
    return this.#inner?.isIdle ?? true;
  }

  /** A request without a handshake: the server takes plain text on the same port. */
  #continueInClear(): void {
    if (this.#inner !== null) return;
    this.#isHandshakeAttributed = true;
    this.#inner = new Http1Attribution(this.#connection, this.#accounts, this.#defer);
  }

  /** Before the first exchange, or at the end: what has moved so far is the handshake's. */
  #attributeHandshake(): void {
    if (this.#isHandshakeAttributed) return;
    this.#isHandshakeAttributed = true;
    const connection = this.#connection;
    const flow = this.#flow;
    connection.read();
    if (flow === null) {
      this.#accounts.addUnattributed(
        'tls_failure',
        connection.in - this.#accounts.in,
        connection.out - this.#accounts.out,
      );
      return;
    }
    // The first request may have come in the same read as the end of the handshake; the tickets leave after it.
    const isTogether = connection.in === this.#securedAt;
    flow.handshakeIn = isTogether
      ? Math.max(0, connection.in - ciphertextLength(flow.socket, flow.socket.bytesRead))
      : this.#securedAt;
    flow.handshakeOut = connection.out;
    this.#accounts.addUnattributed('tls_handshake', flow.handshakeIn, flow.handshakeOut);
    // HTTP/2 writes beneath the socket: its tickets can't be told from what it writes.
    if (isTogether && flow.socket.alpnProtocol !== 'h2') this.#awaitTickets(flow.socket);
  }

  /** Attributes tickets that have left since. To be called before any output is attributed. */
  #attributeTickets(): void {
    if (this.#records === null || this.#flow === null) return;
    const connection = this.#connection;
    connection.read();
    const left = connection.submitted - this.#accounts.out - this.#records.ciphertext;
    // They leave with whatever is written first, hence whole or not at all.
    if (left <= 0 || connection.out < this.#accounts.out + left) return;
    this.#endRecords();
    this.#flow.handshakeOut += left;
    this.#accounts.addUnattributed('tls_handshake', 0, left);
  }

  /**
   * Counts raw minus plaintext, for information.
   *
   * @param isAtBoundary nothing is half received. Else a record may be, or its plaintext yet to be given to the
   * parser: what the plaintext needed at least is counted then.
   */
  #countOverhead(isAtBoundary: boolean): void {
    if (this.#flow === null) return;
    const { socket } = this.#flow;
    const { bytesRead, bytesWritten } = socket;
    const connection = this.#connection;
    if (isAtBoundary) {
      this.#boundaryPlaintext = bytesRead;
      this.#boundaryOverhead = Math.max(this.#overheadIn, connection.in - bytesRead);
    }
    const grown = bytesRead - this.#boundaryPlaintext;
    const overheadIn = this.#boundaryOverhead + ciphertextLength(socket, grown) - grown;
    // The plaintext getter counts what is submitted; the overhead shows once its records are out.
    this.#addOverhead(overheadIn - this.#overheadIn, connection.out - bytesWritten - this.#overheadOut);
  }

  #addOverhead(grownIn: number, grownOut: number): void {
    const [moreIn, moreOut] = [Math.max(0, grownIn), Math.max(0, grownOut)];
    this.#overheadIn += moreIn;
    this.#overheadOut += moreOut;
    this.#accounts.addTlsOverhead(moreIn, moreOut);
  }

  #awaitTickets(socket: TLSSocket): void {
    const hooks = SocketHooks.find(socket);
    if (hooks === undefined) return;
    this.#records = new WrittenRecords(socket, hooks);
    this.#defer(() => {
      this.#attributeTickets();
      this.#endRecords();
    });
  }

  #endRecords(): void {
    this.#records?.stop();
    this.#records = null;
  }
}
