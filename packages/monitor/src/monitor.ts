import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import { Accounting } from './capture/accounting.ts';
import { type AnyRequest, Capture } from './capture/capture.ts';
import type { ExchangeBytes } from './capture/exchange.ts';
import { Settlement } from './capture/settlement.ts';
import { Exporter } from './export/exporter.ts';
import { openBooks } from './export/open-books.ts';
import type { RegistryLike } from './export/registry.ts';
import type { Source } from './export/source.ts';
import type { Client } from './ledger/client.ts';
import { Clients } from './ledger/clients.ts';
import { sizeBounds } from './ledger/histogram.ts';
import { Ledger } from './ledger/ledger.ts';
import { maxStatuses } from './ledger/rows.ts';
import { type MonitorInput, type MonitorOptions, resolveOptions } from './options.ts';
import { endpointOf } from './routes/endpoint.ts';
import { type ListedRoute, watchFastify } from './routes/fastify.ts';
import type { BandwidthSnapshot } from './snapshot.ts';

/** Clients are elected anew after so many samples: with the default interval each ten seconds. */
const samplesPerElection = 10;
// Shared among all copies of this package in a process: `--import` loads one of its own.
const monitorsKey: unique symbol = Symbol.for('weighbridge.monitors');
const shared = globalThis as { [monitorsKey]?: Set<BandwidthMonitor> };
shared[monitorsKey] ??= new Set();
const monitors = shared[monitorsKey];

/** A running monitor. Made by {@link monitorBandwidth}. */
export class BandwidthMonitor {
  readonly #options: MonitorOptions;
  readonly #ledger: Ledger;
  readonly #capture: Capture;
  readonly #clients: Clients;
  readonly #servers: 'all' | Set<Server>;
  readonly #ignored = new WeakSet<Server>();
  readonly #listed: ListedRoute[] = [];
  readonly #stopFastify: () => void;
  readonly #timer: NodeJS.Timeout;
  /** For other ways out of the same books. @internal */
  readonly source: Source;
  readonly #exporter: Exporter;
  #samples = 0;

  constructor(input: MonitorInput = {}) {
    this.#options = resolveOptions(input);
    this.#ledger = new Ledger(this.#options.maxEndpoints);
    this.#clients = new Clients(this.#options.maxClients);
    this.#servers = this.#options.servers === 'all' ? 'all' : new Set(this.#options.servers);
    const settlement = new Settlement(this.#ledger, {
      endpointOf: (request, answer, final) => endpointOf(request, answer, final, (asked) => this.#endpointOf(asked)),
      clientOf: (request) => this.#clientOf(request),
    });
    this.#capture = new Capture({
      accounting: new Accounting(settlement),
      watches: (server) => this.#watches(server),
      fault: (error) => this.#fault(error),
    });
    this.#stopFastify = watchFastify((route) => this.#list(route));
    this.#capture.start();
    this.#timer = setInterval(() => this.#tick(), this.#options.sampleIntervalMs).unref();
    this.source = this.#createSource();
    this.#exporter = new Exporter(this.source, this.#options.warn);
    monitors.add(this);
  }

  /** Adds a server to the list, and the routes that its framework named before. No effect with `servers: 'all'`. */
  watch(server: Server): void {
    if (this.#servers === 'all' || this.#servers.has(server)) return;
    this.#servers.add(server);
    for (const route of this.#listed) if (route.server === server) this.#stand(route);
  }

  /** Leaves a server out, whatever `servers` says: what it moves from now on in new connections is not counted. */
  ignore(server: Server): void {
    this.#ignored.add(server);
  }

  /** Puts every family into a registry of `prom-client` or `@prometheus-io/client`. Names that are taken are left and told. */
  register(registry: RegistryLike): void {
    this.#exporter.register(registry);
  }

  /** The monitor's families in exposition format 0.0.4. */
  text(): Promise<string> {
    return this.#exporter.text();
  }

  /** The books now; with more than 1,000 connections open, what these moved since their last sample is not in it. */
  snapshot(): BandwidthSnapshot {
    return this.#exporter.snapshot();
  }

  /**
   * What the known routes cost in samples, and the most that can ever be exposed, whatever is sent.
   */
  cost(): { routes: number; samples: number; worstCaseSamples: number } {
    const histogramSamples = sizeBounds.length + 3;
    const perRequestCell = 2 + histogramSamples;
    const perResponseCell = 1 + histogramSamples;
    const rows = this.#ledger.rows.all;
    const responses = rows.reduce((sum, row) => sum + row.responses.size, 0);
    // Past the cap each method has one row `_other`; a row has 8 statuses and `_other`.
    const worstRows = this.#options.maxEndpoints + 10;
    return {
      routes: rows.length,
      samples: rows.length * perRequestCell + responses * perResponseCell,
      worstCaseSamples: worstRows * (perRequestCell + (maxStatuses + 1) * perResponseCell) + this.#worstClients(),
    };
  }

  /** Ends counting and listening; what was counted stays readable. */
  stop(): void {
    clearInterval(this.#timer);
    this.#stopFastify();
    this.#capture.stop();
    monitors.delete(this);
  }

  /** See {@link bytesOf}. */
  bytesOf(request: AnyRequest): ExchangeBytes | undefined {
    const exchange = this.#capture.exchangeOf(request);
    if (!exchange) return undefined;
    exchange.watch ??= { in: exchange.inSettled, out: exchange.outSettled, ended: exchange.ended };
    return exchange.watch;
  }

  #createSource(): Source {
    return {
      ledger: this.#ledger,
      clients: this.#clients,
      clientMetric: this.#options.clientOf && this.#options.clientMetric,
      prefix: this.#options.prefix,
      exact: true,
      sample: () => this.#capture.sample(),
      sampled: () => this.#capture.sampleInSlices(),
      books: () => openBooks(this.#ledger, this.#capture),
    };
  }

  #list(route: ListedRoute): void {
    if (this.#servers === 'all' || this.#servers.has(route.server as Server)) this.#stand(route);
    else if (this.#listed.length < this.#options.maxEndpoints) this.#listed.push(route);
  }

  #watches(server: Server): boolean {
    return (this.#servers === 'all' || this.#servers.has(server)) && !this.#ignored.has(server);
  }

  /** Lets a route's series stand at 0. */
  #stand({ method, endpoint, statuses }: ListedRoute): void {
    const row = this.#ledger.rows.row(method, endpoint);
    for (const status of statuses) this.#ledger.rows.responseCell(row, status);
  }

  /** One sample by the clock; each tenth elects clients. */
  #tick(): void {
    void this.#capture.sampleInSlices();
    if (!this.#options.clientOf || ++this.#samples % samplesPerElection !== 0) return;
    const usedUp = this.#clients.namesUsedUp;
    this.#clients.elect();
    if (usedUp || !this.#clients.namesUsedUp) return;
    this.#options.warn(
      `weighbridge: ${this.#clients.maxNames - 1} clients have been named, new ones stay under '_other'; raise the option maxClients, ${this.#options.maxClients} now`,
    );
  }

  #worstClients(): number {
    return this.#options.clientOf ? 2 * this.#clients.maxNames : 0;
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

/**
 * Counts what every HTTP server of this process (or those of `servers`) moves, from now on.
 *
 * @throws RangeError for an option that breaks its rule.
 * @example
 * const monitor = monitorBandwidth({ prefix: 'shop_' });
 * monitor.register(registry);
 */
export function monitorBandwidth(input: MonitorInput = {}): BandwidthMonitor {
  return new BandwidthMonitor(input);
}

/**
 * An exchange's bytes: grow while it is open, stay right once `ended`. Ask while it is open, or right after its
 * end; `undefined` for a request that no monitor saw. With HTTP/2 a request or its stream; ask while it is open,
 * it has `ended` one turn after the stream closed.
 *
 * @example
 * const bytes = bytesOf(request);
 * response.on('close', () => bill(tenant, bytes.in + bytes.out));
 */
export function bytesOf(request: AnyRequest): ExchangeBytes | undefined {
  for (const monitor of monitors) {
    const bytes = monitor.bytesOf(request);
    if (bytes) return bytes;
  }
  return undefined;
}
