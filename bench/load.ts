import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const request = Buffer.from('GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n');

/** Keep-alive connections that ask again as soon as an answer is whole. */
export class Load {
  readonly #sockets: Socket[];
  #running = false;
  #answers = 0;

  private constructor(sockets: Socket[]) {
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.on('data', (data) => {
        // Each answer comes in one read; its body ends it.
        if (data.subarray(-5).toString('latin1') !== 'hello') return;
        this.#answers++;
        if (this.#running) socket.write(request);
      });
    }
  }

  static async open(port: number, connections: number): Promise<Load> {
    const sockets = Array.from({ length: connections }, () => connect({ port, host: '127.0.0.1', noDelay: true }));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    return new Load(sockets);
  }

  /** Asks for `ms` and returns how many answers came in which time. */
  async run(ms: number): Promise<{ answers: number; elapsedMs: number }> {
    const before = this.#answers;
    const began = performance.now();
    this.#running = true;
    for (const socket of this.#sockets) socket.write(request);
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#running = false;
    const elapsedMs = performance.now() - began;
    const answers = this.#answers - before;
    await new Promise((resolve) => setTimeout(resolve, 30));
    return { answers, elapsedMs };
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
