import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const request = Buffer.from('GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n');

/** Keep-alive connections that ask again as soon as an answer is whole. */
export class Load {
  readonly #sockets: Socket[];
  #running = false;
  #answers = 0;
  #outstanding = 0;
  #rest = Promise.withResolvers<void>();

  private constructor(sockets: Socket[]) {
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.on('data', (data) => {
        // Each answer comes in one read; its body ends it: 'o'.
        if (data[data.length - 1] !== 0x6f) return;
        this.#answers++;
        if (this.#running) socket.write(request);
        else if (--this.#outstanding === 0) this.#rest.resolve();
      });
    }
  }

  static async open(port: number, connections: number): Promise<Load> {
    const sockets = Array.from({ length: connections }, () => connect({ port, host: '127.0.0.1', noDelay: true }));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    return new Load(sockets);
  }

  /** Asks for `ms`, waits for the last answers, and returns how many came in which time. */
  async run(ms: number): Promise<{ answers: number; elapsedMs: number }> {
    const before = this.#answers;
    this.#rest = Promise.withResolvers<void>();
    this.#outstanding = this.#sockets.length;
    const began = performance.now();
    this.#running = true;
    for (const socket of this.#sockets) socket.write(request);
    await setTimeout(ms);
    this.#running = false;
    await this.#rest.promise;
    return { answers: this.#answers - before, elapsedMs: performance.now() - began };
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
