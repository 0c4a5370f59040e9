import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, type NetConnectOpts, type Server as NetServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import {
  type BandwidthMonitor,
  type BandwidthSnapshot,
  bytesOf,
  type ExchangeBytes,
  monitorBandwidth,
  setEndpoint,
} from '@weighbridge/monitor';
import { collectWarnings } from '../support/notes.ts';
import { BookWatch } from './book-watch.ts';
import { Http2Peer, type PeerOptions } from './http2-peer.ts';
import { randomFrom } from './random.ts';
import type { ExpectedExchange, ExpectedRest } from './scenario.ts';
import { verdict } from './verdict.ts';
import { WaysOut } from './ways-out.ts';
import { WireClient } from './wire-client.ts';

export interface StageOptions {
  /** Take snapshots at random moments; without them what is counted must be the same. */
  readonly watched: boolean;
  readonly seed: number;
  /** What a large transfer is, in bytes. */
  readonly largeBytes: number;
  /** Ports to listen on, so that a packet capture can tell scenarios apart; 0 for any. */
  nextPort(): number;
}

export interface ServeOptions {
  /** Default `http.createServer`. */
  readonly create?: (listener: RequestListener) => Server;
  /** `false`: the handler names the endpoint itself, or nobody does. Default: the URL's path is the template. */
  readonly routed?: boolean;
  /** Makes the server that listens and gives connections to the HTTP server by hand. */
  readonly front?: (server: Server) => NetServer;
  /** `false`: the monitor is told of the server later, by `stage.monitor.watch`. */
  readonly watched?: boolean;
  /** Where to listen instead of a port on 127.0.0.1: a path or a host. */
  readonly path?: string;
  readonly host?: string;
}

/** A server on the stage and where it listens. */
export interface StageServer {
  readonly server: Server;
  readonly target: NetConnectOpts;
}

/** A client as far as the stage adds up what clients know. */
interface CountedClient {
  readonly raw: Socket;
  readonly sent: number;
  readonly received: number;
  readonly overhead: { readonly sent: number; readonly received: number };
}

/** Servers under one monitor, clients that know the truth, and what these say must stand in the books. */
export class Stage {
  readonly options: StageOptions;
  readonly monitor: BandwidthMonitor;
  readonly watch: BookWatch;
  readonly random: () => number;
  readonly #waysOut: WaysOut;
  /** Ports that were listened on. */
  readonly ports: number[] = [];
  readonly #servers: NetServer[] = [];
  readonly #clients: CountedClient[] = [];
  readonly #seen = new Map<string, ExchangeBytes[]>();
  readonly #exchanges: ExpectedExchange[] = [];
  readonly #rest: ExpectedRest[] = [];
  readonly #complaints: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lenient = false;

  constructor(options: StageOptions, sampleIntervalMs = 1000) {
    this.options = options;
    this.random = randomFrom(options.seed);
    this.monitor = monitorBandwidth({
      servers: [],
      sampleIntervalMs,
      warn: collectWarnings(this.#complaints),
    });
    this.#waysOut = new WaysOut(this.monitor);
    this.watch = new BookWatch(this.monitor);
    if (options.watched) this.#lookAgain();
  }

  async serve(handler: RequestListener, options: ServeOptions = {}): Promise<StageServer> {
    const listener: RequestListener = (request, response) => {
      if (options.routed !== false) this.route(request);
      this.lookMaybe();
      handler(request, response);
      this.lookMaybe();
    };
    const server = (options.create ?? createServer)(listener);
    if (options.watched !== false) this.monitor.watch(server);
    const front = options.front?.(server);
    this.#servers.push(server, ...(front ? [front] : []));
    return { server, target: await this.listen(front ?? server, options) };
  }

  /** Opens a server, for the first time or again. */
  async listen(server: NetServer, { path, host = '127.0.0.1' }: ServeOptions = {}): Promise<NetConnectOpts> {
    server.listen(path ? { path } : { port: this.options.nextPort(), host });
    await once(server, 'listening');
    if (path) return { path };
    const { port } = server.address() as AddressInfo;
    this.ports.push(port);
    return { port, host };
  }

  /** Names the endpoint by the URL's path, and keeps what `bytesOf` gives. */
  route(request: IncomingMessage): void {
    const endpoint = (request.url as string).split('?')[0] as string;
    setEndpoint(request, endpoint);
    this.follow(request, endpoint);
  }

  follow(request: IncomingMessage, endpoint: string): void {
    this.#follow(request, request.method as string, endpoint);
  }

  /** The same of a stream that the server pushes. */
  routePush(stream: ServerHttp2Stream, endpoint: string): void {
    setEndpoint(stream, endpoint);
    this.#follow(stream, 'GET', endpoint);
  }

  #follow(request: IncomingMessage | ServerHttp2Stream, method: string, endpoint: string): void {
    const bytes = bytesOf(request);
    if (!bytes) return void this.#complaints.push(`bytesOf knows nothing of ${method} ${endpoint}`);
    const key = `${method} ${endpoint}`;
    this.#seen.set(key, [...(this.#seen.get(key) ?? []), bytes]);
  }

  async connect({ target }: StageServer): Promise<WireClient> {
    const socket = connect(target);
    await once(socket, 'connect');
    return this.#keep(new WireClient(socket, socket, () => this.lookMaybe()));
  }

  /** @param prepare sees the socket before the first byte, to listen to its events. */
  async connectTls(
    { target }: StageServer,
    options: ConnectionOptions = {},
    prepare: (socket: TLSSocket) => void = () => {},
  ): Promise<WireClient> {
    const raw = connect(target);
    await once(raw, 'connect');
    const tls = connectTls({ rejectUnauthorized: false, ...options, socket: raw });
    prepare(tls);
    const client = this.#keep(new WireClient(raw, tls, () => this.lookMaybe()));
    await once(tls, 'secureConnect');
    return client;
  }

  /** A client of HTTP/2, whose frames are read on their way. */
  async connectHttp2({ target }: StageServer, options: PeerOptions = {}): Promise<Http2Peer> {
    return this.#keep(await Http2Peer.connect((target as { port: number }).port, options));
  }

  /** What the client saw of one exchange. */
  expect(exchange: ExpectedExchange): void {
    this.#exchanges.push(exchange);
  }

  /** Bytes that belong to no exchange. */
  expectRest(rest: ExpectedRest): void {
    this.#rest.push(rest);
  }

  /** The kernel dropped bytes of a client: sums over clients are no measure for the server's. */
  lose(): void {
    this.#lenient = true;
  }

  look(): BandwidthSnapshot {
    return this.watch.look();
  }

  lookMaybe(): void {
    if (this.options.watched && this.random() < 0.5) this.watch.look();
  }

  /** Looks until `condition` holds. */
  async until(what: string, condition: (snapshot: BandwidthSnapshot) => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!condition(this.look())) {
      if (Date.now() > deadline) throw new Error(`${what}: not within 10 s`);
      await nextTurn();
    }
  }

  /** Until the servers have no connection left; asks them, not the monitor. */
  async drained(): Promise<void> {
    const deadline = Date.now() + 10_000;
    while ((await Promise.all(this.#servers.map(connectionsOf))).some((count) => count > 0)) {
      if (Date.now() > deadline) throw new Error('a connection stayed open for 10 s');
      await nextTurn();
    }
  }

  /** Totals at rest, and every contradiction found. */
  async close(): Promise<{ connection: BandwidthSnapshot['connection']; failures: string[] }> {
    await this.drained();
    const snapshot = this.look();
    const failures = [
      ...verdict(snapshot, this.#seen, this.#exchanges, this.#rest),
      ...this.#clientFaults(snapshot),
      ...(await this.#waysOut.faults(snapshot, {
        exchanges: this.#exchanges,
        rest: this.#rest,
        tlsOverhead: this.#tlsOverhead(),
      })),
    ];
    await this.abandon();
    return { connection: snapshot.connection, failures: [...failures, ...this.watch.failures, ...this.#complaints] };
  }

  /** Ends everything, whatever state it is in. */
  async abandon(): Promise<void> {
    clearTimeout(this.#timer);
    for (const { raw } of this.#clients) raw.destroy();
    await Promise.all(this.#servers.filter(({ listening }) => listening).map(closeServer));
    this.monitor.stop();
  }

  #keep<Client extends CountedClient>(client: Client): Client {
    this.#clients.push(client);
    return client;
  }

  #clientFaults({ connection }: BandwidthSnapshot): string[] {
    if (this.#lenient) return [];
    const sent = this.#clients.reduce((sum, client) => sum + client.sent, 0);
    const received = this.#clients.reduce((sum, client) => sum + client.received, 0);
    if (connection.in === sent && connection.out === received) return [];
    return [`clients sent ${sent} and received ${received}, the connections moved ${JSON.stringify(connection)}`];
  }

  #tlsOverhead(): { in: number; out: number } | undefined {
    if (this.#lenient) return undefined;
    const total = { in: 0, out: 0 };
    for (const { overhead } of this.#clients) {
      total.in += overhead.sent;
      total.out += overhead.received;
    }
    return total;
  }

  #lookAgain(): void {
    this.#timer = setTimeout(() => {
      this.watch.look();
      this.#lookAgain();
    }, this.random() * 5);
    this.#timer.unref();
  }
}

function connectionsOf(server: NetServer): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

async function closeServer(server: NetServer | Server): Promise<void> {
  if ('closeAllConnections' in server) server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
