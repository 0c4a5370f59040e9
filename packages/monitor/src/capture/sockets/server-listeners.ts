import type { IncomingMessage } from 'node:http';
import type { Http2Server, Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket, Server as TlsServer } from 'node:tls';

/** What a server tells of its connections, each before the application hears of it. */
export interface ServerListener {
  /** A socket was accepted, or given to the server by hand. */
  onConnection(server: Server, socket: Duplex): void;
  /** A handshake is done, or a socket whose handshake is done was given to the server by hand. */
  onSecureConnection(server: Server, socket: TLSSocket): void;
  /** The handshake or the parser failed. */
  onClientError(socket: Duplex, code: string | undefined): void;
  /** An HTTP/2 session was made, perhaps over a socket that the server has never seen. */
  onSession(server: Server, session: Http2Session): void;
  /** `rawHeaders`: names and values by turns, as received. */
  onStream(
    server: Server,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): void;
  /** An upgrade or CONNECT: from now on the connection is the application's own. */
  onUpgrade(request: IncomingMessage, socket: Duplex): void;
}

// biome-ignore lint/suspicious/noExplicitAny: the arguments of any event
type EventListener = (...values: any[]) => void;

/** Not by class: an `import` of node:http loads all that it exports, which takes longer than all of our start. */
export function isHttpServer(server: Server): boolean {
  return 'requestTimeout' in server || isHttp2Server(server);
}

export function isHttp2Server(server: Server): server is Server & Http2Server {
  return 'updateSettings' in server;
}

export function isTlsServer(server: Server): server is TlsServer {
  return 'getTicketKeys' in server;
}

/**
 * Our listeners on one server.
 *
 * Three events change what Node does by being listened to: without a listener of 'upgrade' it answers the request as
 * any other, without one of 'connect' it closes the connection, without one of 'clientError' it answers 400. So ours
 * are there only while the application has one.
 */
export class ServerListeners {
  readonly #server: Server;
  readonly #always: [string, EventListener][];
  readonly #beside: Map<string, EventListener>;
  readonly #onAdd = (event: string, listener: unknown): void => this.#follow(event, listener);
  readonly #onRemove = (event: string, listener: unknown): void => this.#unfollow(event, listener);

  constructor(server: Server, listener: ServerListener) {
    this.#server = server;
    const onUpgrade = (request: IncomingMessage, socket: Duplex) => listener.onUpgrade(request, socket);
    const onError = (error: NodeJS.ErrnoException, socket: Duplex) => listener.onClientError(socket, error.code);
    this.#always = [['connection', (socket: Socket) => listener.onConnection(server, socket)]];
    if (isTlsServer(server)) {
      this.#always.push(['secureConnection', (socket: TLSSocket) => listener.onSecureConnection(server, socket)]);
      this.#always.push([
        'tlsClientError',
        (error: NodeJS.ErrnoException, socket: Duplex) => listener.onClientError(socket, error.code ?? 'ERR_TLS'),
      ]);
    }
    if (isHttp2Server(server)) {
      this.#always.push(['session', (session: Http2Session) => listener.onSession(server, session)]);
      this.#always.push([
        'stream',
        (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: readonly string[] = []) =>
          listener.onStream(server, stream, headers, rawHeaders),
      ]);
    }
    this.#beside = new Map<string, EventListener>([
      ['upgrade', onUpgrade],
      ['connect', onUpgrade],
      ['clientError', onError],
    ]);
    this.restore();
  }

  /** Adds what is missing: at first everything, later what `removeAllListeners` took away. */
  restore(): void {
    const server = this.#server;
    for (const [event, listener] of this.#always) {
      if (!server.listeners(event).includes(listener)) server.prependListener(event, listener);
    }
    for (const [event, listener] of this.#beside) {
      if (server.listenerCount(event) > 0 && !server.listeners(event).includes(listener)) {
        server.prependListener(event, listener);
      }
    }
    if (!server.listeners('newListener').includes(this.#onAdd)) server.on('newListener', this.#onAdd);
    if (!server.listeners('removeListener').includes(this.#onRemove)) server.on('removeListener', this.#onRemove);
  }

  remove(): void {
    const server = this.#server;
    server.removeListener('newListener', this.#onAdd);
    server.removeListener('removeListener', this.#onRemove);
    for (const [event, listener] of [...this.#always, ...this.#beside]) server.removeListener(event, listener);
  }

  #follow(event: string, listener: unknown): void {
    const ours = this.#beside.get(event);
    if (ours === undefined || listener === ours || this.#server.listeners(event).includes(ours)) return;
    this.#server.prependListener(event, ours);
  }

  #unfollow(event: string, listener: unknown): void {
    const ours = this.#beside.get(event);
    if (ours === undefined || listener === ours) return;
    const left = this.#server.listeners(event);
    if (left.length === 1 && left[0] === ours) this.#server.removeListener(event, ours);
  }
}
