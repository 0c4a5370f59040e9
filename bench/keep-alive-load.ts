import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Load, LoadFigures } from './load.ts';

const request = Buffer.from('GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n');

/** Keep-alive connections of HTTP/1.1, each with one request under way. */
export class KeepAliveLoad implements Load {
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

  static async open(port: number, connections: number, secure = false): Promise<KeepAliveLoad> {
    const sockets: Socket[] = [];
    while (sockets.length < connections) sockets.push(await open(port, secure));
    return new KeepAliveLoad(sockets);
  }

  async run(ms: number): Promise<LoadFigures> {
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

async function open(port: number, secure: boolean): Promise<Socket> {
  const socket = secure
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }).setNoDelay(true)
    : connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, secure ? 'secureConnect' : 'connect');
  return socket;
}
