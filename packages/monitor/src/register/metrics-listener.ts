import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inSlices } from '../export/slices.ts';
import { BandwidthStream, bandwidthOf } from './bandwidth-stream.ts';
import { builtin } from './builtin.ts';
import type { Figures } from './figures.ts';
import { History } from './history.ts';
import { loadPage } from './page-files.ts';
import type { Address } from './settings.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

const historyMs = 1000;
const exposition = 'text/plain; version=0.0.4; charset=utf-8';

/** Serves the figures and the live page. Keeps no application alive that has ended otherwise. */
export class MetricsListener {
  readonly server: Server;
  readonly #history = new History();
  readonly #timer: NodeJS.Timeout;

  private constructor(server: Server, figures: Figures) {
    this.server = server;
    const routes = this.#routes(figures);
    server.on('request', answerFrom(routes));
    server.on('connection', (socket) => socket.unref());
    server.unref();
    this.#remember(figures);
    this.#timer = setInterval(() => this.#remember(figures), historyMs).unref();
  }

  /** @throws the system's error when the address is taken. */
  static async open(
    figures: Figures,
    { host, port }: Address,
    created: (server: Server) => void,
  ): Promise<MetricsListener> {
    const server = builtin('node:http').createServer();
    created(server);
    // Exclusive: in a cluster's worker the address would else be the primary's, and shared among all workers.
    server.listen({ host, port, exclusive: true });
    server.unref();
    await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject));
    return new MetricsListener(server, figures);
  }

  get address(): Address {
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  #remember(figures: Figures): void {
    this.#history.add(Date.now(), figures.snapshot().connection);
  }

  #routes(figures: Figures): ReadonlyMap<string, Answer> {
    const stream = new BandwidthStream(figures, this.#history);
    const metrics: Answer = async (response) => sendText(response, await figures.text());
    return new Map<string, Answer>([
      ['/metrics', metrics],
      ['/metrics/bandwidth', metrics],
      ['/health', (response) => sendJson(response, { status: 'ok' })],
      ['/bandwidth', (response) => sendJson(response, bandwidthOf(figures))],
      ['/bandwidth/history', (response) => sendJson(response, { points: this.#history.points() })],
      ['/bandwidth/stream', (response) => stream.add(response)],
    ]);
  }
}

function answerFrom(routes: ReadonlyMap<string, Answer>): RequestListener {
  return async (request, response) => {
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response);
      await (routes.get(pathOf(request)) ?? sendPage)(response, request);
    } catch (error) {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${(error as Error).message}\n`);
    }
  };
}

function sendPage(response: ServerResponse, request: IncomingMessage): void {
  const { files, headers } = loadPage();
  const file = files.get(pathOf(request));
  if (!file) {
    response.statusCode = 404;
    send(response, 'text/plain; charset=utf-8', 'nothing here; there are /, /metrics and /health\n');
    return;
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  send(response, file.contentType, file.body);
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function refuse(response: ServerResponse): void {
  response.writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain; charset=utf-8' });
  response.end('only GET and HEAD\n');
}

function send(response: ServerResponse, contentType: string, body: string | Buffer): void {
  response.setHeader('content-type', contentType);
  response.end(body);
}

async function sendText(response: ServerResponse, text: string): Promise<void> {
  response.setHeader('content-type', exposition);
  for await (const slice of inSlices(text)) response.write(slice);
  response.end();
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('cache-control', 'no-store');
  send(response, 'application/json; charset=utf-8', JSON.stringify(value));
}
