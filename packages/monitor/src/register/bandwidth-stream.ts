import type { ServerResponse } from 'node:http';
import { toPageTotals } from '../export/page-totals.ts';
import type { Figures } from './figures.ts';
import type { History } from './history.ts';

const intervalMs = 1000;
/** Open pages; one more is told so. */
const mostStreams = 50;
/** A page that takes nothing is skipped from here on, and dropped by its own silence. */
const mostQueuedBytes = 4 * 1024 * 1024;

/** Sends every open page the figures, once a second, as server-sent events. */
export class BandwidthStream {
  readonly #figures: Figures;
  readonly #history: History;
  readonly #open = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | undefined;

  constructor(figures: Figures, history: History) {
    this.#figures = figures;
    this.#history = history;
  }

  add(response: ServerResponse): void {
    if (this.#open.size >= mostStreams) {
      response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${mostStreams} pages are open already\n`);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#open.add(response);
    response.on('close', () => this.#remove(response));
    response.write(`event: history\ndata: ${JSON.stringify({ points: this.#history.points() })}\n\n`);
    response.write(event(this.#figures));
    this.#timer ??= setInterval(() => this.#send(), intervalMs).unref();
  }

  #send(): void {
    const text = event(this.#figures);
    for (const response of this.#open) if (response.writableLength < mostQueuedBytes) response.write(text);
  }

  #remove(response: ServerResponse): void {
    this.#open.delete(response);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function event(figures: Figures): string {
  return `data: ${JSON.stringify(bandwidthOf(figures))}\n\n`;
}

/** As the page's API has it: there are no nodes where there is no scheduler. */
export function bandwidthOf(figures: Figures): object {
  return { ...toPageTotals(figures.snapshot()), nodes: [] };
}
