import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import { type TLSSocket, Server as TlsServer } from 'node:tls';
import type { Accounting } from './accounting.ts';
import { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { TunnelAnswer, watchTunnels } from './tunnels.ts';

interface ServerSocketMessage {
  socket: Socket & { server?: Server };
}

interface ExchangeMessage {
  request: IncomingMessage;
  response: ServerResponse;
  socket: Socket;
  server: Server;
}

type Destroy = (error: Error | null, callback: (error?: Error | null) => void) => void;
type Tracked = Socket & { [key: symbol]: Connection | undefined; _destroy: Destroy; _parent?: Socket };

export interface CaptureOptions {
  watches(server: Server): boolean;
  accounting: Accounting;
  /** A fault of ours: counted and logged, never thrown into a request. */
  fault(error: unknown): void;
}

/** Listens to Node's channels and tells accounting what began, finished and closed. */
export class Capture {
  readonly open: Connection[] = [];
  readonly #options: CaptureOptions;
  readonly #accounting: Accounting;
  // A property under a symbol costs a tenth of a WeakMap entry; of its own, so that monitors don't meet.
  readonly #key = Symbol('weighbridge.connection');
  readonly #watched = new WeakSet<Server>();
  readonly #subscriptions: [string, (message: unknown) => void][];

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#accounting = options.accounting;
    this.#subscriptions = [
      ['net.server.socket', this.#guard((message) => this.#onSocket(message as ServerSocketMessage))],
      ['http.server.request.start', this.#guard((message) => this.#onStart(message as ExchangeMessage))],
      ['http.server.response.finish', this.#guard((message) => this.#onFinish(message as ExchangeMessage))],
    ];
  }

  start(): void {
    for (const [name, listener] of this.#subscriptions) channel(name).subscribe(listener);
  }

  /** Ends counting; open connections are closed in the books. */
  stop(): void {
    for (const [name, listener] of this.#subscriptions) channel(name).unsubscribe(listener);
    for (const connection of [...this.open]) this.#close(connection);
  }

  /** Samples every open connection. */
  sample(): void {
    for (const connection of this.open) this.#accounting.sample(connection);
  }

  /** The exchange of a request, if it is open or just ended. */
  exchangeOf(request: IncomingMessage): Exchange | undefined {
    return (request.socket as Tracked | null)?.[this.#key]?.find(request);
  }

  #guard(listener: (message: unknown) => void): (message: unknown) => void {
    return (message) => {
      try {
        listener(message);
      } catch (error) {
        this.#options.fault(error);
      }
    };
  }

  #onSocket({ socket }: ServerSocketMessage): void {
    const { server } = socket;
    if (server && isHttpServer(server) && this.#options.watches(server)) this.#adopt(socket, server);
  }

  #adopt(socket: Socket, server: Server): Connection {
    const encrypted = server instanceof TlsServer;
    this.#watchServer(server, encrypted);
    const connection = new Connection(socket, encrypted);
    connection.index = this.open.push(connection) - 1;
    const tracked = socket as Tracked;
    tracked[this.#key] = connection;
    this.#watchEnd(tracked, connection);
    return connection;
  }

  /** The last reading must be taken before the handle goes, and the error tells why it goes. */
  #watchEnd(socket: Tracked, connection: Connection): void {
    const destroy = socket._destroy;
    socket._destroy = (error, callback) => {
      try {
        connection.errorCode ??= (error as NodeJS.ErrnoException | null)?.code;
        if (connection.index >= 0) this.#close(connection);
      } catch (fault) {
        this.#options.fault(fault);
      }
      destroy.call(socket, error, callback);
    };
  }

  #close(connection: Connection): void {
    const { index } = connection;
    const moved = this.open.pop() as Connection;
    if (moved !== connection) {
      this.open[index] = moved;
      moved.index = index;
    }
    connection.index = -1;
    this.#accounting.close(connection);
  }

  #watchServer(server: Server, encrypted: boolean): void {
    if (this.#watched.has(server)) return;
    this.#watched.add(server);
    if (encrypted) this.#watchHandshakes(server);
    watchTunnels(server, (request, socket) => this.#onTunnel(request, socket as Tracked));
  }

  #watchHandshakes(server: Server): void {
    server.prependListener(
      'secureConnection',
      this.#guard((socket) => this.#onSecure(socket as Tracked & TLSSocket)),
    );
    server.prependListener('tlsClientError', (error: NodeJS.ErrnoException, socket: Tracked) => {
      const connection = socket._parent && (socket._parent as Tracked)[this.#key];
      if (connection) connection.errorCode ??= error.code ?? 'ERR_TLS';
    });
  }

  #onSecure(socket: Tracked & TLSSocket): void {
    const connection = (socket._parent as Tracked | undefined)?.[this.#key];
    if (!connection) return;
    connection.tls?.secure(socket);
    socket[this.#key] = connection;
    // Only the plaintext socket hears of a malformed request or a time-out.
    const destroy = socket._destroy;
    socket._destroy = (error, callback) => {
      connection.errorCode ??= (error as NodeJS.ErrnoException | null)?.code;
      destroy.call(socket, error, callback);
    };
  }

  #onStart({ request, response, socket, server }: ExchangeMessage): void {
    let connection = (socket as Tracked)[this.#key];
    if (connection === undefined) {
      // Handed to the server by emit('connection'): its channel never spoke.
      if (!this.#options.watches(server)) return;
      connection = this.#adopt(socket, server);
    }
    if (connection.index >= 0) this.#accounting.begin(connection, request, response);
  }

  #onTunnel(request: IncomingMessage, socket: Tracked): void {
    try {
      const connection = socket[this.#key];
      if (connection === undefined || connection.index < 0) return;
      this.#accounting.beginTunnel(connection, request, new TunnelAnswer(socket));
    } catch (error) {
      this.#options.fault(error);
    }
  }

  #onFinish({ request, socket }: ExchangeMessage): void {
    const connection = (socket as Tracked)[this.#key];
    // It also fires for responses whose socket was destroyed; those have ended with it.
    if (connection === undefined || connection.index < 0) return;
    const exchange = connection.first;
    if (exchange !== null && exchange.request === request) this.#accounting.finish(connection, exchange);
  }
}

function isHttpServer(server: Server): boolean {
  return server instanceof HttpServer || 'requestTimeout' in server || 'updateSettings' in server;
}
