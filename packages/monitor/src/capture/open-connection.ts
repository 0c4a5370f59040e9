import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { UnattributedReason } from '../snapshot.ts';
import { Accounts } from './accounts.ts';
import type { Attribution } from './attribution.ts';
import { StreamHooks, type StreamListener } from './protocols/http2/http2-hooks.ts';
import { StreamResponse, toRequest } from './protocols/http2/http2-request.ts';
import type { Connection } from './sockets/connection.ts';
import { SocketHooks, type SocketListener } from './sockets/socket-hooks.ts';

/** What an open connection asks of whoever keeps all of them. */
export interface ConnectionOwner {
  onClose(open: OpenConnection): void;
  onUnsent(open: OpenConnection): void;
  onFault(error: unknown): void;
}

/** A connection from the door to its end: what it moved, who it is attributed by, and for whom. */
export class OpenConnection implements SocketListener, StreamListener {
  readonly server: Server;
  readonly connection: Connection;
  readonly accounts: Accounts;
  attribution: Attribution;
  /** Its place in the list of open connections; -1 when closed. */
  index = -1;
  isQueued = false;
  #errorCode: string | undefined;
  readonly #hooks: SocketHooks[] = [];
  readonly #owner: ConnectionOwner;

  constructor(
    server: Server,
    connection: Connection,
    makeAttribution: (connection: Connection, accounts: Accounts) => Attribution,
    owner: ConnectionOwner,
  ) {
    this.server = server;
    this.connection = connection;
    this.accounts = new Accounts();
    this.attribution = makeAttribution(connection, this.accounts);
    this.#owner = owner;
  }

  /** Hears what happens to a socket of this connection: the raw one, and the one in plaintext. */
  listenTo(socket: Duplex): void {
    const hooks = SocketHooks.install(socket);
    hooks.listener = this;
    this.#hooks.push(hooks);
  }

  stopListening(): void {
    for (const hooks of this.#hooks) hooks.listener = null;
  }

  /** Streams of HTTP/2 are open. */
  get hasOpenStreams(): boolean {
    return this.attribution.idleReason === 'http2_session' && !this.attribution.isIdle;
  }

  get isOpen(): boolean {
    return this.index >= 0;
  }

  /** The first error decides why bytes belong to no exchange. */
  noteError(code: string | undefined): void {
    this.#errorCode ??= code;
  }

  onDestroy(socket: Duplex, error: NodeJS.ErrnoException | null): void {
    if (error !== null) this.noteError(error.code);
    // Only the plaintext socket hears of a malformed request or a time-out; the raw one has the counters.
    if (socket === this.connection.socket) this.#owner.onClose(this);
  }

  onWait(): void {
    if (this.connection.isRefused) return;
    this.connection.read();
    if (this.connection.hasUnsent) this.#owner.onUnsent(this);
  }

  onRefuse(socket: Duplex, bytes: number): void {
    // How much ciphertext was refused can't be known.
    if (socket === this.connection.socket) this.connection.refuse(bytes);
  }

  /** A request has come on a stream of its own. */
  beginStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
    StreamHooks.install(stream, this);
    this.attribution.begin(toRequest(stream, headers, rawHeaders, null), new StreamResponse(stream));
  }

  onPush(parent: ServerHttp2Stream, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    if (!this.isOpen) return;
    StreamHooks.install(stream, this);
    this.attribution.begin(toRequest(stream, headers, [], parent), new StreamResponse(stream));
  }

  onStreamDestroy(stream: ServerHttp2Stream): void {
    if (this.isOpen) this.attribution.finish(stream);
  }

  onFault(error: unknown): void {
    this.#owner.onFault(error);
  }

  /** Ends every exchange; the rest has a reason. */
  close(): void {
    const { accounts, attribution, connection } = this;
    attribution.close();
    accounts.addUnattributed(this.#reason(), connection.in - accounts.in, connection.out - accounts.out);
    accounts.close();
  }

  #reason(): UnattributedReason {
    const code = this.#errorCode;
    if (code === undefined) return this.attribution.idleReason;
    if (code.startsWith('HPE_') || code.startsWith('ERR_HTTP2')) return 'malformed';
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'timeout';
    if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return 'tls_failure';
    return 'other';
  }
}
