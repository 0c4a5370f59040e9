import type { IncomingMessage, ServerResponse } from 'node:http';
import { toPageTotals } from '../export/page-totals.ts';
import { inSlices } from '../export/slices.ts';
import type { BandwidthSnapshot, EndpointDetails, OpenExchanges, Transfer } from '../snapshot.ts';
import { formatEvent, sendEvents } from './event-stream.ts';
import type { History } from './history/history.ts';
import { toHistoryJson, toWindowJson } from './history/history-json.ts';
import { ListenerError } from './listener-error.ts';
import { sendPageFile } from './page-files.ts';
import { Sampler } from './sampler.ts';
import { TransferRates } from './transfer-rates.ts';

/** What a listener serves: one monitor's totals, or the sum of many. */
export interface ListenerSource {
  /** Exposition format 0.0.4. */
  text(): Promise<string>;
  snapshot(): BandwidthSnapshot;
  endpoint(method: string, endpoint: string): EndpointDetails | undefined;
  openExchanges(limit: number): OpenExchanges;
}

export interface ListenerOptions {
  /** What `/metrics` answers, where the monitor's families are a part of it. Default: they alone. */
  readonly metrics?: () => Promise<string>;
  /** What `GET /bandwidth` and each event of its stream hold. Default: the totals, and no nodes. */
  readonly toBandwidth?: (snapshot: BandwidthSnapshot) => object;
  readonly service?: Partial<ServiceInfo>;
  /** What to tell of a transfer besides its endpoint and client, such as its job. Default nothing. */
  readonly tagTransfer?: (request: IncomingMessage) => Record<string, string>;
}

/** What a page tells of the service that it shows. */
export interface ServiceInfo {
  /** Default `node`. */
  readonly name: string;
  /** When it started, Unix time in ms. Default now. */
  readonly startedMs: number;
  /** It has jobs and nodes to ask for. Default false. */
  readonly hasScheduler: boolean;
  /** Endpoints of this listener, where its server is monitored as well: a page can leave them out. Default none. */
  readonly ownEndpoints: readonly string[];
}

/** @throws ListenerError for a request that it refuses, before anything is sent. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Open pages; a further one is refused with 503. */
const maxStreams = 1000;
/** Transfers of one answer, the largest. */
const maxTransfers = 50;
/** Smaller ones are questions and answers, such as a worker's that waits for work. */
const minTransferBytes = 10_000;
const exposition = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves a monitor over HTTP: metrics, JSON, its history, an event stream, and the live page.
 *
 * @example
 * const listener = new Listener(monitorBandwidth());
 * createServer((request, response) => listener.handle(request, response)).listen(9465, '127.0.0.1');
 */
export class Listener {
  /** By path: for a server that has a router of its own. The page's files are {@link handlePage}. */
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly #source: ListenerSource;
  readonly #sampler: Sampler;
  readonly #toBandwidth: (snapshot: BandwidthSnapshot) => object;
  readonly #service: ServiceInfo;
  readonly #stopping = new AbortController();
  #streams = 0;

  constructor(source: ListenerSource, options: ListenerOptions = {}) {
    this.#source = source;
    this.#toBandwidth = options.toBandwidth ?? ((snapshot) => ({ ...toPageTotals(snapshot), nodes: [] }));
    this.#service = { name: 'node', startedMs: Date.now(), hasScheduler: false, ownEndpoints: [], ...options.service };
    const own = new Set(this.#service.ownEndpoints);
    this.#sampler = new Sampler(source, {
      startedMs: this.#service.startedMs,
      ...(own.size > 0 && { isOwn: (endpoint) => own.has(endpoint) }),
    });
    this.#sampler.start();
    const { tagTransfer } = options;
    const transfers = new TransferRates((request) => tagTransfer?.(request as IncomingMessage) ?? {});
    const text = () => this.#source.text();
    const metrics = options.metrics ?? text;
    const handlers: Record<string, Handler> = {
      '/metrics': async (_request, response) => sendText(response, await metrics()),
      '/metrics/bandwidth': async (_request, response) => sendText(response, await text()),
      '/health': (_request, response) => sendJson(response, { status: 'ok' }),
      '/bandwidth': (_request, response) => sendJson(response, this.#toBandwidth(this.#source.snapshot())),
      '/bandwidth/history': (request, response) => sendJson(response, toHistoryJson(this.history, parseQuery(request))),
      '/bandwidth/window': (request, response) => sendJson(response, toWindowJson(this.history, parseQuery(request))),
      '/bandwidth/endpoint': (request, response) => this.#sendEndpoint(parseQuery(request), response),
      '/bandwidth/transfers': (_request, response) =>
        sendJson(response, { transfers: transfers.toJson(this.#findTransfers()) }),
      '/bandwidth/stream': (request, response) => this.#stream(request, response),
    };
    this.handlers = new Map(Object.entries(handlers));
  }

  /** Answers any request: by its path, else with a file of the page; a refusal is a line of text. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw new ListenerError(405, 'only GET and HEAD');
      await (this.handlers.get(parsePath(request)) ?? this.handlePage)(request, response);
    } catch (error) {
      refuse(response, error as Error);
    }
  }

  /** Answers with a file of the live page. */
  readonly handlePage: Handler = (request, response) => {
    const isSent = sendPageFile(parsePath(request), request, response);
    if (!isSent) throw new ListenerError(404, 'nothing here; there are /, /metrics and /health');
  };

  get history(): History {
    return this.#sampler.history;
  }

  /** Ends all streams and the history. */
  close(): void {
    this.#stopping.abort();
    this.#sampler.stop();
  }

  #findTransfers(): Transfer[] {
    const { transfers } = this.#source.openExchanges(maxTransfers);
    return transfers.filter(
      ({ in: bytesIn, out, requestLength = 0, responseLength = 0 }) =>
        Math.max(bytesIn, out, requestLength, responseLength) >= minTransferBytes,
    );
  }

  #sendEndpoint(query: URLSearchParams, response: ServerResponse): void {
    const [method, endpoint] = [query.get('method'), query.get('endpoint')];
    if (method === null || endpoint === null) throw new ListenerError(400, 'method and endpoint must be given');
    const details = this.#source.endpoint(method, endpoint);
    if (!details) throw new ListenerError(404, `no exchange of ${method} ${endpoint} was counted`);
    sendJson(response, details);
  }

  async #stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#streams >= maxStreams) throw new ListenerError(503, `${maxStreams} pages are open already`);
    this.#streams++;
    try {
      await sendEvents(request, response, this.#stopping.signal, (signal) => this.#events(signal));
    } finally {
      this.#streams--;
    }
  }

  /** The service and its history first, then each sample as it is taken: a reader has every second once. */
  async *#events(signal: AbortSignal): AsyncGenerator<string> {
    const sampler = this.#sampler;
    yield formatEvent('service', this.#service);
    for (let restored: number | undefined; !signal.aborted; ) {
      if (restored !== this.history.restored) {
        // Again where older minutes came late: a store answers only after the listener does.
        restored = this.history.restored;
        yield formatEvent('history', toHistoryJson(this.history, new URLSearchParams()));
      }
      yield sampler.format(this.#toBandwidth);
      await sampler.next(signal);
    }
  }
}

/** Where a part was sent already, only breaking off tells. */
function refuse(response: ServerResponse, error: Error): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = error instanceof ListenerError ? error.status : 500;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(`${error.message}\n`);
}

function parsePath(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function parseQuery(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
}

async function sendText(response: ServerResponse, text: string): Promise<void> {
  response.setHeader('content-type', exposition);
  for await (const slice of inSlices(text)) response.write(slice);
  response.end();
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('cache-control', 'no-store');
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(value));
}
