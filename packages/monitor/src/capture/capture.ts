import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Accounts, ConnectionAccount, Participant } from './accounts.ts';
import type { Attribution, Defer, Flow } from './attribution.ts';
import { bytesOn, type Exchange, type ExchangeBytes } from './exchange.ts';
import { type ConnectionOwner, OpenConnection } from './open-connection.ts';
import { OpenConnections } from './open-connections.ts';
import { findOwnSymbol } from './own-symbol.ts';
import { headLength, requestLineLength } from './protocols/http1/head-length.ts';
import { Http1Attribution, ownLength } from './protocols/http1/http1.ts';
import { listOpenSockets } from './protocols/http1/parsers.ts';
import { Http2Attribution } from './protocols/http2/http2.ts';
import { TlsAttribution } from './protocols/tls.ts';
import { ciphertextLength } from './protocols/tls-records.ts';
import { TunnelResponse } from './protocols/tunnel.ts';
import { formatMissing, SelfTest, usable } from './self-test.ts';
import type { Connection } from './sockets/connection.ts';
import { findHandle } from './sockets/counters.ts';
import { findRawSocket, isHandshaking, isNetSocket, isTlsSocket, openConnection, type Start } from './sockets/door.ts';
import { isHttp2Server, isHttpServer, isTlsServer, type ServerListener } from './sockets/server-listeners.ts';
import { SocketHooks } from './sockets/socket-hooks.ts';
import { findListeningServers, WatchedServers } from './watched-servers.ts';

interface ServerMessage {
  server?: Server;
}

interface SocketMessage {
  socket: Socket & { server?: Server };
}

interface ExchangeMessage {
  request: IncomingMessage;
  response: ServerResponse;
  socket: Socket;
  server: Server;
}

// Kept, so that fake timers of a test don't stop it.
const { setImmediate: later } = globalThis;

/** What a handler may have in hand. */
export type AnyRequest = IncomingMessage | Http2ServerRequest | ServerHttp2Stream;

/** One open connection as one monitor counts it. */
export interface OpenAccount {
  readonly connection: { readonly in: number; readonly out: number };
  readonly account: ConnectionAccount;
  /** Its place among the accounts of the connection, and of each exchange. */
  readonly index: number;
  /** Those that are open. */
  readonly exchanges: readonly Exchange[];
}

/** How a connection came to be known. */
interface Arrival {
  readonly start: Start;
  /** Its handshake, or its HTTP/2 preface, is long over. */
  readonly isLate: boolean;
  /** An exchange is under way whose beginning we have not seen. */
  readonly isBusy: boolean;
}

const fresh: Arrival = Object.freeze({ start: 'now', isLate: false, isBusy: false });

/**
 * The hooks of a process: one set, whatever the number of monitors. They listen to Node's channels and to servers,
 * read each connection once, and tell every monitor that counts it.
 */
export class Capture implements ServerListener, ConnectionOwner {
  readonly #open = new OpenConnections({
    onTaken: (open) => this.#close(open),
    onFault: (error) => this.onFault(error),
  });
  readonly #participants: Participant[] = [];
  readonly #servers = new WatchedServers(this);
  readonly #subscriptions: [string, (message: unknown) => void][];
  readonly #selfTest = new SelfTest((missing) => {
    for (const participant of this.#participants) participant.inexact(formatMissing(missing));
  });
  /** Asking the self-test at each request would cost more than the rest of what begins it. */
  #hasMetRequest = false;
  readonly #defer: Defer = (action) => void later(() => this.#try(action));

  constructor() {
    this.#subscriptions = [
      ['tracing:net.server.listen:asyncEnd', (message) => this.#try(() => this.#onListen(message as ServerMessage))],
      ['net.server.socket', (message) => this.#try(() => this.#onSocket(message as SocketMessage))],
      ['http.server.request.start', (message) => this.#onStart(message as ExchangeMessage)],
      ['http.server.response.finish', (message) => this.#onFinish(message as ExchangeMessage)],
    ];
  }

  /** A monitor counts from now on, also on the connections that are open. */
  join(participant: Participant): void {
    this.#selfTest.meet('process', process);
    if (!this.#selfTest.isExact) participant.inexact(formatMissing(this.#selfTest.missing));
    if (this.#participants.length === 0 && usable.channels) {
      for (const [name, listener] of this.#subscriptions) channel(name).subscribe(listener);
    }
    this.#participants.push(participant);
    this.#schedule();
    this.#try(() => {
      for (const server of [...this.#servers, ...findListeningServers()]) this.adopt(server);
    });
  }

  /**
   * A monitor stops. With the last one everything of ours goes, except methods that only pass on: on open sockets, and
   * on the class of HTTP/2 streams.
   */
  leave(participant: Participant): void {
    const index = this.#participants.indexOf(participant);
    if (index < 0) return;
    this.#participants.splice(index, 1);
    for (const open of [...this.#open]) this.#try(() => this.#leaveOpen(participant, open));
    this.#schedule();
    if (this.#participants.length > 0) return;
    for (const [name, listener] of this.#subscriptions) channel(name).unsubscribe(listener);
    this.#servers.clear();
  }

  /** Watches a server if a monitor does, and counts the connections that it has already. */
  adopt(server: Server): void {
    if (!this.#isWatched(server)) return;
    this.#servers.add(server);
    for (const open of this.#open) {
      if (open.server === server) for (const participant of this.#participants) this.#joinOpen(participant, open);
    }
    for (const { socket, isBusy } of listOpenSockets(server)) {
      this.#admit(server, socket, { start: 'now', isLate: true, isBusy });
    }
  }

  /** Every probe of what the capture touches has passed so far. */
  get isExact(): boolean {
    return this.#selfTest.isExact;
  }

  /** Reads every open connection at once. */
  sample(): void {
    this.#open.sample();
  }

  /** Reads every open connection, with turns of the event loop in between where they are many. */
  sampleInTurns(): Promise<void> {
    return this.#open.sampleInTurns();
  }

  /** The open connections that a monitor counts. */
  *accountsOf(participant: Participant): Iterable<OpenAccount> {
    for (const { accounts, attribution, connection } of this.#open) {
      const index = accounts.all.findIndex((one) => one.participant === participant);
      const account = accounts.all[index];
      if (account !== undefined) yield { connection, account, index, exchanges: attribution.exchanges };
    }
  }

  /** The bytes of an exchange that is open or has ended. */
  bytesOf(request: AnyRequest): ExchangeBytes | undefined {
    return bytesOn(request);
  }

  onConnection(server: Server, socket: Duplex): void {
    this.#try(() => this.#admit(server, socket, findArrival(socket)));
  }

  onSecureConnection(server: Server, socket: TLSSocket): void {
    this.#try(() => {
      this.#selfTest.meet('tls', socket);
      const open = this.#admit(server, socket, findArrival(socket));
      if (open?.attribution instanceof TlsAttribution && !open.attribution.isSecure) this.#secure(open, socket, fresh);
    });
  }

  onClientError(socket: Duplex, code: string | undefined): void {
    this.#try(() => (findOpen(socket) ?? findOpen(findRawSocket(socket)))?.noteError(code));
  }

  onSession(server: Server, session: Http2Session): void {
    this.#try(() => {
      this.#selfTest.meet('session', session);
      this.#admitSession(server, session, fresh);
    });
  }

  onStream(
    server: Server,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): void {
    try {
      const { session } = stream;
      this.#selfTest.meet('stream', stream);
      if (session === undefined) return;
      const known = findOpen(findSessionSocket(session));
      const open = known ?? this.#admitSession(server, session, { ...fresh, isLate: true });
      if (open === undefined) return;
      open.beginStream(stream, headers, rawHeaders);
      this.#open.watchUnsent(open);
    } catch (error) {
      this.onFault(error);
    }
  }

  onUpgrade(request: IncomingMessage, socket: Duplex): void {
    this.#try(() => {
      const open = findOpen(socket);
      if (open !== undefined) open.attribution = open.attribution.upgrade(request, new TunnelResponse(socket));
    });
  }

  onClose(open: OpenConnection): void {
    if (open.isOpen) this.#try(() => this.#close(open));
  }

  onUnsent(open: OpenConnection): void {
    this.#open.watchUnsent(open);
  }

  #onListen({ server }: ServerMessage): void {
    if (server && isHttpServer(server)) this.adopt(server);
  }

  #onSocket({ socket }: SocketMessage): void {
    const { server } = socket;
    if (!server || findOpen(findRawSocket(socket)) !== undefined || !isHttpServer(server)) return;
    if (!this.#isWatched(server)) return;
    this.#servers.add(server);
    this.#servers.restore(server);
    this.#admit(server, socket, findArrival(socket));
  }

  #onStart({ request, response, socket, server }: ExchangeMessage): void {
    try {
      if (!this.#hasMetRequest) this.#meetRequest(socket);
      const open = findOpen(socket) ?? this.#admitAtRequest(server, socket, request);
      if (open === undefined) return;
      if (open.connection.in === 0) addHeadFromElsewhere(open.connection, request);
      open.attribution.begin(request, response);
    } catch (error) {
      this.onFault(error);
    }
  }

  #meetRequest(socket: Socket): void {
    this.#hasMetRequest = true;
    this.#selfTest.meet('request', socket);
  }

  #onFinish({ request, socket }: ExchangeMessage): void {
    try {
      // It also fires for responses whose socket was destroyed; those have ended with it.
      findOpen(socket)?.attribution.finish(request);
    } catch (error) {
      this.onFault(error);
    }
  }

  /** Where every connection becomes known, however it came. */
  #admit(server: Server, socket: Duplex, arrival: Arrival): OpenConnection | undefined {
    const raw = findRawSocket(socket);
    const known = findOpen(raw);
    // Without what is below it, a socket with TLS would be taken for one more connection.
    if (isTlsSocket(socket) && !usable.rawSocket) return undefined;
    if (known !== undefined || socket.destroyed || raw.destroyed || !this.#isWatched(server)) return known;
    this.#servers.add(server);
    if (isNetSocket(raw)) this.#selfTest.meet('socket', raw);
    const make = (connection: Connection, accounts: Accounts): Attribution =>
      isTlsSocket(socket) || isTlsServer(server)
        ? new TlsAttribution(connection, accounts, this.#defer)
        : this.#makeInner(isHttp2Server(server), arrival)(connection, accounts);
    const open = new OpenConnection(server, openConnection(raw, arrival.start), make, this);
    open.connection.failsSilently = isHttp2Server(server);
    for (const participant of this.#participants) {
      if (participant.watches(server)) open.accounts.join(participant, open.connection, []);
    }
    this.#open.add(open);
    open.listenTo(raw);
    if (isTlsSocket(socket)) {
      if (isHandshaking(socket))
        socket.prependOnceListener('secure', () => this.#try(() => this.#secure(open, socket, fresh)));
      else this.#secure(open, socket, arrival);
    }
    return open;
  }

  /** A server, or a socket, that nobody had told of. */
  #admitAtRequest(server: Server, socket: Socket, request: IncomingMessage): OpenConnection | undefined {
    if (!this.#isWatched(server)) return undefined;
    if (!isTlsSocket(socket)) {
      const own = ownLength(request, findHandle(socket)?.bytesRead ?? Number.POSITIVE_INFINITY);
      return this.#admit(server, socket, { ...fresh, start: { receivedBefore: own } });
    }
    const own = ownLength(request, socket.bytesRead);
    if (own === socket.bytesRead && socket.bytesWritten === 0) {
      return this.#admit(server, socket, { ...fresh, start: 'whole' });
    }
    const receivedBefore = ciphertextLength(socket, own);
    return this.#admit(server, socket, { start: { receivedBefore }, isLate: true, isBusy: false });
  }

  #admitSession(server: Server, session: Http2Session, arrival: Arrival): OpenConnection | undefined {
    const socket = findSessionSocket(session);
    if (findOpen(socket) !== undefined || !usable.sessionSocket) return undefined;
    return socket && this.#admit(server, socket, arrival);
  }

  #secure(open: OpenConnection, socket: TLSSocket, arrival: Arrival): void {
    const { accounts, attribution } = open;
    if (!(attribution instanceof TlsAttribution)) return;
    open.listenTo(socket);
    const isHttp2 = socket.alpnProtocol === 'h2';
    open.connection.failsSilently = isHttp2;
    const inner = this.#makeInner(isHttp2, arrival, true);
    const make = (flow: Flow) => inner(flow, accounts);
    if (arrival.isLate) attribution.secureLate(socket, make);
    else attribution.secure(socket, make);
  }

  #makeInner(isHttp2: boolean, { isLate, isBusy }: Arrival, isEncrypted = false) {
    return (flow: Flow, accounts: Accounts): Attribution =>
      isHttp2
        ? new Http2Attribution(flow, accounts, this.#defer, { isEncrypted, isLate })
        : new Http1Attribution(flow, accounts, this.#defer, { isEncrypted, hasUnknown: isBusy });
  }

  #close(open: OpenConnection): void {
    this.#forget(open);
    open.close();
  }

  /** Takes a connection out of the list, and our ears from its sockets. */
  #forget(open: OpenConnection): void {
    this.#open.remove(open);
    open.stopListening();
  }

  #joinOpen(participant: Participant, open: OpenConnection): void {
    const { accounts, attribution, connection, server } = open;
    if (!participant.watches(server) || accounts.all.some((account) => account.participant === participant)) return;
    attribution.sample();
    accounts.join(participant, connection, attribution.exchanges);
  }

  #leaveOpen(participant: Participant, open: OpenConnection): void {
    const { accounts, attribution, connection } = open;
    attribution.sample();
    accounts.leave(participant, connection, attribution.exchanges);
    if (accounts.all.length === 0) this.#forget(open);
  }

  /** Reads open connections as often as the most impatient monitor wants. */
  #schedule(): void {
    const intervals = this.#participants.map(({ sampleIntervalMs }) => sampleIntervalMs);
    this.#open.schedule(intervals.length === 0 ? undefined : Math.min(...intervals));
  }

  #isWatched(server: Server): boolean {
    for (const participant of this.#participants) if (participant.watches(server)) return true;
    return false;
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.onFault(error);
    }
  }

  /** A fault of ours: every monitor counts it. */
  onFault(error: unknown): void {
    for (const participant of this.#participants) participant.fault(error);
  }
}

/** The first head was read by someone else, who put it back (`unshift`) once the connection was the server's. */
function addHeadFromElsewhere(connection: Connection, request: IncomingMessage): void {
  connection.read();
  if (connection.in === 0) connection.addReceivedElsewhere(headLength(request, requestLineLength(request)));
}

function findOpen(socket: Duplex | null | undefined): OpenConnection | undefined {
  return SocketHooks.find<OpenConnection>(socket)?.listener ?? undefined;
}

/** The socket below a session; where it can't be had, a proxy that lets symbols through. */
function findSessionSocket(session: Http2Session): Duplex | undefined {
  return usable.sessionSocket ? (findOwnSymbol(session, 'socket') as Duplex | undefined) : session.socket;
}

/** A socket that is given to a server; one with TLS whose handshake is done belongs to it whole, if it is unused. */
function findArrival(socket: Duplex): Arrival {
  if (!isTlsSocket(socket)) return fresh;
  const isUnused = socket.bytesRead === 0 && socket.bytesWritten === 0;
  return { start: isUnused ? 'whole' : 'now', isLate: !isUnused, isBusy: false };
}
