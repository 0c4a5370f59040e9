import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import { type Labels, LedgerConnection } from './accounts/connection-account.ts';
import { sumConnections } from './accounts/connection-totals.ts';
import { OpenExchangeList } from './accounts/open-exchanges.ts';
import type { Participant } from './capture/accounts.ts';
import type { AnyRequest, OpenAccount } from './capture/capture.ts';
import type { Exchange, ExchangeBytes } from './capture/exchange.ts';
import { findObstacle, processCapture } from './capture/process-capture.ts';
import { computeCost, type SampleCost } from './export/cost.ts';
import { Exporter } from './export/exporter.ts';
import type { RegistryLike } from './export/registry.ts';
import type { Source } from './export/source.ts';
import type { Client } from './ledger/client.ts';
import { Clients } from './ledger/clients.ts';
import { EndpointClients } from './ledger/endpoint-clients.ts';
import { Ledger } from './ledger/ledger.ts';
import { type MonitorOptions, type ResolvedMonitorOptions, resolveOptions } from './options.ts';
import { type EndpointChoices, findEndpoint, unrouted } from './routes/endpoint.ts';
import type { ListedRoute } from './routes/frameworks/fastify.ts';
import { formatUnroutedAdvice } from './routes/unrouted-advice.ts';
import { watchFrameworks } from './routes/watch-frameworks.ts';
import type { BandwidthSnapshot, EndpointDetails, OpenExchanges } from './snapshot.ts';

/** The busiest clients and endpoints are promoted after so many samples: with the default interval each ten seconds. */
const samplesPerPromotion = 10;
/** Tells the monitors of this process apart. */
let nextMonitor = 1;

/** A running monitor. Made by {@link monitorBandwidth}. */
export class BandwidthMonitor {
  readonly #options: ResolvedMonitorOptions;
  readonly #ledger: Ledger;
  readonly #participant: Participant;
  readonly #clients: Clients;
  readonly #endpointClients = new EndpointClients();
  readonly #openExchanges = new OpenExchangeList(`${process.pid}-${nextMonitor++}`);
  readonly #servers: 'all' | Set<Server>;
  readonly #ignored = new WeakSet<Server>();
  readonly #listed: ListedRoute[] = [];
  readonly #stopFrameworks: () => void;
  readonly #timer: NodeJS.Timeout;
  /** For other ways out of the same ledger. @internal */
  readonly source: Source;
  readonly #exporter: Exporter;
  #hasAdvised = false;

  constructor(options: MonitorOptions = {}) {
    this.#options = resolveOptions(options);
    this.#ledger = new Ledger(
      this.#options.maxEndpoints,
      (error) => this.#fault(error),
      () => this.#noteLater(() => formatCapMet(this.#options.maxEndpoints)),
    );
    this.#clients = new Clients(this.#options.maxClients);
    this.#servers = this.#options.servers === 'all' ? 'all' : new Set(this.#options.servers);
    this.#participant = this.#createParticipant();
    this.#stopFrameworks = this.#hasJoined ? watchFrameworks((route) => this.#list(route)) : () => {};
    this.source = this.#createSource();
    this.#exporter = new Exporter(this.source, this.#options.warn);
    this.#timer = setInterval(() => this.#promoteBusiest(), this.#options.sampleIntervalMs * samplesPerPromotion);
    this.#timer.unref();
    this.#join();
  }

  /** Adds a server to the list, with the routes that its framework named before. No effect with `servers: 'all'`. */
  watch(server: Server): void {
    if (this.#servers === 'all' || this.#servers.has(server)) return;
    this.#servers.add(server);
    for (const route of this.#listed) if (route.server === server) this.#createSeries(route);
    if (this.#hasJoined) processCapture().adopt(server);
  }

  /** Leaves a server out, whatever `servers` says: what it moves from now on in new connections is not counted. */
  ignore(server: Server): void {
    this.#ignored.add(server);
  }

  /**
   * Puts every family into a registry of `prom-client` or `@prometheus-io/client`. Names already registered are
   * skipped with a warning.
   */
  register(registry: RegistryLike): void {
    if (this.#hasJoined) this.#exporter.register(registry);
  }

  /** Takes every family out of a registry again. */
  unregister(registry: RegistryLike): void {
    this.#exporter.unregister(registry);
  }

  /** The monitor's families in exposition format 0.0.4. */
  text(): Promise<string> {
    return this.#exporter.text();
  }

  /** All that is known at this moment; every open connection is read. */
  snapshot(): BandwidthSnapshot {
    return this.#exporter.snapshot();
  }

  /** One endpoint with its statuses, sizes and clients; `undefined` where it has no series. */
  endpoint(method: string, endpoint: string): EndpointDetails | undefined {
    return this.#exporter.endpoint(method, endpoint);
  }

  /** What is under way: the `limit` largest transfers, and exchanges in flight by endpoint. */
  openExchanges(limit = 100): OpenExchanges {
    return this.#exporter.openExchanges(limit);
  }

  /** What the known routes cost in samples, and the most that can ever be exposed, whatever is sent. */
  cost(): SampleCost {
    return computeCost(this.#ledger, this.#options.maxEndpoints, this.#options.clientOf && this.#clients);
  }

  /** Ends counting and listening; what was counted stays readable. */
  stop(): void {
    clearInterval(this.#timer);
    this.#stopFrameworks();
    if (this.#hasJoined) processCapture().leave(this.#participant);
  }

  #join(): void {
    const obstacle = findObstacle();
    if (obstacle !== undefined) {
      this.#options.warn(obstacle);
      return;
    }
    const capture = processCapture();
    capture.join(this.#participant);
    if (this.#servers !== 'all') for (const server of this.#servers) capture.adopt(server);
  }

  get #hasJoined(): boolean {
    return findObstacle() === undefined;
  }

  #createParticipant(): Participant {
    const { endpointOf, endpoints } = this.#options;
    const choices: EndpointChoices = {
      endpointOf: endpointOf && ((request) => this.#endpointOf(request)),
      findListed: endpoints.isEmpty ? undefined : (url) => endpoints.find(url),
    };
    const labels: Labels = {
      findEndpoint: (exchange, isFinal) => this.#findEndpoint(exchange, isFinal, choices),
      findClient: (request) => this.#clientOf(request),
      findPair: (series, client) => this.#endpointClients.find(series, client.name),
    };
    const participant: Participant = {
      sampleIntervalMs: this.#options.sampleIntervalMs,
      watches: (server) => this.#watches(server),
      open: (connection, pendingIn, pendingOut) =>
        new LedgerConnection({ participant, ledger: this.#ledger, labels }, connection, pendingIn, pendingOut),
      inexact: (message) => this.#options.warn(message),
      fault: (error) => this.#fault(error),
    };
    return participant;
  }

  #createSource(): Source {
    const isExact = () => this.#capture?.isExact ?? false;
    return {
      ledger: this.#ledger,
      clients: this.#clients,
      clientMetric: this.#options.clientOf && this.#options.clientMetric,
      prefix: this.#options.prefix,
      get exact() {
        return isExact();
      },
      sample: () => this.#capture?.sample(),
      sampleInTurns: async () => this.#capture?.sampleInTurns(),
      totals: () => sumConnections(this.#ledger, this.#accounts),
      open: (limit) => this.#openExchanges.find(this.#accounts, limit),
      clientsOf: (series) => this.#endpointClients.of(series),
    };
  }

  get #capture(): ReturnType<typeof processCapture> | undefined {
    return this.#hasJoined ? processCapture() : undefined;
  }

  get #accounts(): Iterable<OpenAccount> {
    return this.#capture?.accountsOf(this.#participant) ?? [];
  }

  #list(route: ListedRoute): void {
    if (this.#servers === 'all' || this.#servers.has(route.server as Server)) this.#createSeries(route);
    else if (this.#listed.length < this.#options.maxEndpoints) this.#listed.push(route);
  }

  #watches(server: Server): boolean {
    return (this.#servers === 'all' || this.#servers.has(server)) && !this.#ignored.has(server);
  }

  /** A route's series are there from the start, at 0, as long as there is room. */
  #createSeries({ method, endpoint, statuses }: ListedRoute): void {
    this.#ledger.endpoints.list(method, endpoint, statuses);
  }

  #promoteBusiest(): void {
    this.#ledger.endpoints.promoteBusiest();
    const usedUp = this.#clients.namesUsedUp;
    this.#clients.promoteBusiest();
    if (usedUp || !this.#clients.namesUsedUp) return;
    this.#options.warn(
      `weighbridge: ${this.#clients.maxNames - 1} clients have been named, new ones stay under '_other'; raise the option maxClients, ${this.#options.maxClients} now`,
    );
  }

  #findEndpoint(exchange: Exchange, isFinal: boolean, choices: EndpointChoices): string | undefined {
    try {
      const endpoint = findEndpoint(exchange, isFinal, choices);
      if (endpoint === unrouted) this.#adviseOnce();
      return endpoint;
    } catch (error) {
      this.#fault(error);
      return unrouted;
    }
  }

  #adviseOnce(): void {
    if (this.#hasAdvised) return;
    this.#hasAdvised = true;
    this.#noteLater(formatUnroutedAdvice);
  }

  /** Nobody's response waits for a line of ours. */
  #noteLater(format: () => string): void {
    setImmediate(() => this.#options.warn(format())).unref();
  }

  #endpointOf(request: IncomingMessage): string | undefined {
    try {
      const endpoint = this.#options.endpointOf?.(request);
      return typeof endpoint === 'string' ? endpoint : undefined;
    } catch (error) {
      this.#fault(error);
      return undefined;
    }
  }

  #clientOf(request: IncomingMessage): Client | null {
    try {
      const name = this.#options.clientOf?.(request);
      return typeof name === 'string' && name !== '' ? this.#clients.find(name) : null;
    } catch (error) {
      this.#fault(error);
      return null;
    }
  }

  /** Counted each time, logged once: a fault of ours never reaches a request. */
  #fault(error: unknown): void {
    if (this.#ledger.errors++ > 0) return;
    this.#options.warn(
      `weighbridge: a fault inside the monitor, counting goes on: ${(error as Error)?.stack ?? error}`,
    );
  }
}

function formatCapMet(maxEndpoints: number): string {
  return (
    `weighbridge: the cap of ${maxEndpoints} endpoints was met: the busiest of the others get one of the places that are kept for them, ` +
    `the rest is counted under the endpoint '_other'; raise the option maxEndpoints (WEIGHBRIDGE_MAX_ENDPOINTS)`
  );
}

/**
 * Counts what every HTTP server of this process (or those of `servers`) moves, from now on.
 *
 * @throws RangeError for an option that breaks its rule.
 * @example
 * const monitor = monitorBandwidth({ prefix: 'shop_' });
 * monitor.register(registry);
 */
export function monitorBandwidth(options: MonitorOptions = {}): BandwidthMonitor {
  return new BandwidthMonitor(options);
}

/**
 * An exchange's bytes: they grow while it is open and stay once it has `ended`. `undefined` for a request that no
 * monitor counts. With HTTP/2 a request or its stream; it has `ended` one turn after the stream closed.
 *
 * @example
 * const bytes = bytesOf(request);
 * response.on('close', () => bill(tenant, bytes.in + bytes.out));
 */
export function bytesOf(request: AnyRequest): ExchangeBytes | undefined {
  return findObstacle() === undefined ? processCapture().bytesOf(request) : undefined;
}
