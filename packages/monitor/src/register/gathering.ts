import type { Server, Socket } from 'node:net';
import { builtin } from './builtin.ts';
import { ensureFolder } from './gathering-place.ts';
import { readLines } from './lines.ts';
import type { Report } from './report.ts';
import type { Sum } from './sum.ts';

/** Members at a time; the rest is told nothing and tries again. */
const mostMembers = 1000;

/** Hears at a Unix socket what the other processes of this service report, and adds it up. */
export class Gathering {
  readonly #server: Server;
  readonly #path: string;

  constructor(path: string, sum: Sum, joined: () => void) {
    this.#path = path;
    ensureFolder(builtin('node:path').dirname(path));
    // One that crashed leaves its socket behind; who may take the place is decided before.
    builtin('node:fs').rmSync(path, { force: true });
    this.#server = builtin('node:net').createServer((socket) => this.#welcome(socket, sum, joined));
    this.#server.maxConnections = mostMembers;
    this.#server.on('error', () => this.close());
    this.#server.listen(path);
    this.#server.unref();
    process.once('exit', () => this.close());
  }

  close(): void {
    this.#server.close();
    builtin('node:fs').rmSync(this.#path, { force: true });
  }

  #welcome(socket: Socket, sum: Sum, joined: () => void): void {
    socket.unref();
    readLines(socket, (line) => {
      sum.add(socket, JSON.parse(line) as Report);
      joined();
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sum.leave(socket));
  }
}
