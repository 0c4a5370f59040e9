import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bandwidth, JobSummary, Node } from '@weighbridge/protocol';
import { sendPageFile } from '../../monitor/src/listener/page-files.ts';

/** A small server that answers as a master does, with figures that the test chooses. */
export class DemoServer {
  token = 'right-token';
  hasScheduler = true;
  jobs: JobSummary[] = [];
  nodes: Node[] = [];
  /** Told first on each stream, as the monitor's own listener does. */
  history: number[][] = [];
  readonly #streams = new Set<ServerResponse>();
  #last: Bandwidth | undefined;
  #url = '';

  readonly #server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://page').pathname;
    if (sendPageFile(path, request, response)) return;
    if (request.headers.authorization !== `Bearer ${this.token}`) return response.writeHead(401).end('{}');
    if (path === '/bandwidth/stream') return this.#openStream(response);
    if (!this.hasScheduler) return response.writeHead(404).end();
    if (path === '/jobs') return answer(response, { jobs: this.jobs });
    if (path === '/nodes') return answer(response, { nodes: this.nodes });
    return response.writeHead(404).end();
  });

  get url(): string {
    return this.#url;
  }

  start(port = 0): Promise<void> {
    return new Promise((resolve) =>
      this.#server.listen(port, '127.0.0.1', () => {
        this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
        resolve();
      }),
    );
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Sends a snapshot to every page that listens, and to those that come later. */
  send(bandwidth: Bandwidth): void {
    this.#last = bandwidth;
    for (const stream of this.#streams) stream.write(event(bandwidth));
  }

  #openStream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    this.#streams.add(response);
    if (this.history.length > 0) {
      response.write(
        `event: history\ndata: ${JSON.stringify({ resolution: 'second', starts: [], points: this.history })}\n\n`,
      );
    }
    response.on('close', () => this.#streams.delete(response));
    if (this.#last) response.write(event(this.#last));
  }
}

function answer(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function event(bandwidth: Bandwidth): string {
  return `data: ${JSON.stringify(bandwidth)}\n\n`;
}
