import { Agent, type RequestOptions, request } from 'node:http';
import type { Socket } from 'node:net';
import { setInterval } from 'node:timers/promises';

/** What a client's own socket has moved, at a moment. */
interface Reading {
  readonly atMs: number;
  /** Sent by the client: what the server received. */
  readonly in: number;
  readonly out: number;
}

/** A client that sends the same exchange again and again at a steady pace, on one connection whose bytes it counts. */
export class SteadyTraffic {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #readings: Reading[] = [];
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #socket: Socket | undefined;

  constructor(url: string, options: RequestOptions, body: Buffer, everyMs: number) {
    this.#running = this.#run(url, options, body, everyMs);
    // Told by stop().
    this.#running.catch(() => undefined);
  }

  /** All that the socket has moved by now. */
  get total(): { in: number; out: number } {
    return { in: this.#socket?.bytesWritten ?? 0, out: this.#socket?.bytesRead ?? 0 };
  }

  /** Bytes per second between two moments, by the readings next to them. */
  rate(fromMs: number, toMs: number): { in: number; out: number } {
    const [from, to] = [this.#nearest(fromMs), this.#nearest(toMs)];
    const seconds = (to.atMs - from.atMs) / 1000;
    return { in: (to.in - from.in) / seconds, out: (to.out - from.out) / seconds };
  }

  /** Ends the traffic after the exchange under way, and the connection with it. Rejects when an exchange failed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#agent.destroy();
  }

  async #run(url: string, options: RequestOptions, body: Buffer, everyMs: number): Promise<void> {
    for await (const _ of setInterval(everyMs)) {
      if (this.#stopping.signal.aborted) return;
      await this.#exchange(url, options, body);
    }
  }

  #nearest(ms: number): Reading {
    const found = this.#readings.reduce((best, one) =>
      Math.abs(one.atMs - ms) < Math.abs(best.atMs - ms) ? one : best,
    );
    if (Math.abs(found.atMs - ms) > 500) throw new Error('there was no traffic at that moment');
    return found;
  }

  #exchange(url: string, options: RequestOptions, body: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { ...options, agent: this.#agent }, (response) => {
        response.resume().once('end', () => {
          this.#readings.push({ atMs: Date.now(), ...this.total });
          resolve();
        });
      });
      sent.once('socket', (socket) => (this.#socket = socket));
      sent.once('error', reject);
      sent.end(body);
    });
  }
}
