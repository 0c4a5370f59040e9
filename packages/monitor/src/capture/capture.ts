import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Accounting } from './accounting.ts';
import { Connection } from './connection.ts';
import { beforeDestroy } from './destroy.ts';
import type { Exchange } from './exchange.ts';
import { isTlsServer, watchHandshakes } from './handshakes.ts';
import { isHttp2Server, watchStreams } from './streams.ts';
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

type Tracked = { [key: symbol]: Connection | undefined };

/** Sampling so many takes well under 1 ms. */
const sliceConnections = 1000;
// Kept, so that fake timers of a test don't stop it.
const { setImmediate: later } = globalThis;

/** What a handler may have in hand. */
export type AnyRequest = IncomingMessage | Http2ServerRequest | ServerHttp2Stream;

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
  #slices: Promise<void> | undefined;
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

  /** Samples every open connection at once, unless they are so many that it takes slices. */
  sample(): void {
    if (this.open.length <= sliceConnections) this.#sampleBelow(this.open.length);
  }

  /** Samples every open connection, in slices with turns of the event loop in between. */
  sampleInSlices(): Promise<void> {
    this.#slices ??= this.#sampleSlices().finally(() => {
      this.#slices = undefined;
    });
    return this.#slices;
  }

  async #sampleSlices(): Promise<void> {
    let rest = this.#sampleBelow(this.open.length);
    while (rest > 0) {
      await new Promise<void>((resolve) => later(resolve));
      rest = this.#sampleBelow(Math.min(rest, this.open.length));
    }
  }

  /** Samples one slice, from place `end` down: who closes meanwhile leaves its place to one already sampled. */
  #sampleBelow(end: number): number {
    const start = Math.max(0, end - sliceConnections);
    for (let index = end - 1; index >= start; index--) {
      const connection = this.open[index];
      if (connection !== undefined) this.#try(() => this.#accounting.sample(connection));
    }
    return start;
  }

  /** The exchange of a request, if it is open or just ended. */
  exchangeOf(request: AnyRequest): Exchange | undefined {
    const socket = 'socket' in request ? request.socket : request.session?.socket;
    return this.#connectionOf(socket as Socket | undefined)?.find(request);
  }

  #connectionOf(socket: Socket | null | undefined): Connection | undefined {
    return (socket as Tracked | null | undefined)?.[this.#key];
  }

  #openConnectionOf(socket: Socket | undefined): Connection | undefined {
    const connection = this.#connectionOf(socket);
    return connection !== undefined && connection.index >= 0 ? connection : undefined;
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

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.fault(error);
    }
  }

  #onSocket({ socket }: ServerSocketMessage): void {
    const { server } = socket;
    if (server && isHttpServer(server) && this.#options.watches(server)) this.#adopt(socket, server);
  }

  #adopt(socket: Socket, server: Server): Connection {
    this.#watchServer(server);
    const connection = new Connection(socket, isTlsServer(server));
    connection.index = this.open.push(connection) - 1;
    (socket as unknown as Tracked)[this.#key] = connection;
    if (isHttp2Server(server) && connection.tls === null) this.#accounting.beginHttp2(connection);
    beforeDestroy(socket, (code) =>
      this.#try(() => {
        connection.errorCode ??= code;
        if (connection.index >= 0) this.#close(connection);
      }),
    );
    return connection;
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

  #watchServer(server: Server): void {
    if (this.#watched.has(server)) return;
    this.#watched.add(server);
    watchTunnels(server, (request, socket) => this.#try(() => this.#onTunnel(request, socket)));
    if (isTlsServer(server)) {
      watchHandshakes(server, {
        secured: (socket, raw) => this.#try(() => this.#onSecure(socket, raw)),
        failed: (raw, code) => this.#try(() => this.#onHandshakeFailure(raw, code)),
      });
    }
    if (isHttp2Server(server)) {
      watchStreams(server, (stream, headers) => this.#try(() => this.#onStream(stream, headers)));
    }
  }

  #onSecure(socket: TLSSocket, raw: Socket | undefined): void {
    const connection = this.#openConnectionOf(raw);
    if (connection === undefined) return;
    connection.tls?.secure(socket);
    if (socket.alpnProtocol === 'h2') this.#accounting.beginHttp2(connection);
    (socket as unknown as Tracked)[this.#key] = connection;
    // Only the plaintext socket hears of a malformed request or a time-out.
    beforeDestroy(socket, (code) => {
      connection.errorCode ??= code;
    });
  }

  #onHandshakeFailure(raw: Socket | undefined, code: string): void {
    const connection = this.#connectionOf(raw);
    if (connection !== undefined) connection.errorCode ??= code;
  }

  #onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // The session's socket is a proxy; it lets symbols through.
    const connection = this.#openConnectionOf(stream.session?.socket as Socket | undefined);
    if (connection === undefined) return;
    const http2 = this.#accounting.beginHttp2(connection);
    const entry = http2.begin(stream, headers);
    beforeDestroy(stream, () => this.#try(() => http2.end(entry)));
  }

  #onTunnel(request: IncomingMessage, socket: Socket): void {
    const connection = this.#openConnectionOf(socket);
    if (connection !== undefined) this.#accounting.beginTunnel(connection, request, new TunnelAnswer(socket));
  }

  #onStart({ request, response, socket, server }: ExchangeMessage): void {
    let connection = this.#connectionOf(socket);
    if (connection === undefined) {
      // Handed to the server by emit('connection'): its channel never spoke.
      if (!this.#options.watches(server)) return;
      connection = this.#adopt(socket, server);
    }
    if (connection.index >= 0) this.#accounting.begin(connection, request, response);
  }

  #onFinish({ request, socket }: ExchangeMessage): void {
    const connection = this.#connectionOf(socket);
    // It also fires for responses whose socket was destroyed; those have ended with it.
    if (connection === undefined || connection.index < 0) return;
    const exchange = connection.first;
    if (exchange !== null && exchange.request === request) this.#accounting.finish(connection, exchange);
  }
}

/** Not by class: an `import` of node:http loads all that it exports, which takes longer than all of our start. */
export function isHttpServer(server: Server): boolean {
  return 'requestTimeout' in server || isHttp2Server(server);
}
