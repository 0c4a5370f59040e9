import type { Server, Socket } from 'node:net';
import { builtin } from './builtin.ts';
import { ensureFolder, sweepFolder } from './gathering-place.ts';
import { readLines } from './lines.ts';
import type { Report } from './report.ts';
import type { Sum } from './sum.ts';

/** Members at a time; the rest is told nothing and tries again. */
const mostMembers = 1000;
const mostQueuedBytes = 16 * 1024 * 1024;

/** Hears at a Unix socket what the other processes of this service report, and adds it up. */
export class Gathering {
  readonly #server: Server;
  readonly #path: string;
  readonly #members = new Set<Socket>();

  /** @param joined called when a member has reported for the first time; what it returns is told to it. */
  constructor(path: string, sum: Sum, joined: () => Report | undefined) {
    this.#path = path;
    const folder = builtin('node:path').dirname(path);
    ensureFolder(folder);
    sweepFolder(folder);
    // One that crashed leaves its socket behind; who may take the place is decided before.
    builtin('node:fs').rmSync(path, { force: true });
    this.#server = builtin('node:net').createServer((socket) => this.#welcome(socket, sum, joined));
    this.#server.maxConnections = mostMembers;
    this.#server.on('error', () => this.close());
    // Exclusive, as the metrics' listener: a worker's socket would be its primary's, and outlive it.
    this.#server.listen({ path, exclusive: true });
    this.#server.unref();
    process.once('exit', () => this.close());
  }

  /** Tells all members. */
  tell(report: Report): void {
    for (const member of this.#members) tell(member, report);
  }

  close(): void {
    this.#server.close();
    builtin('node:fs').rmSync(this.#path, { force: true });
  }

  #welcome(socket: Socket, sum: Sum, joined: () => Report | undefined): void {
    socket.unref();
    readLines(socket, (line) => {
      sum.add(socket, JSON.parse(line) as Report);
      if (this.#members.has(socket)) return;
      this.#members.add(socket);
      const whole = joined();
      if (whole) tell(socket, whole);
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#members.delete(socket);
      sum.leave(socket);
    });
  }
}

function tell(member: Socket, report: Report): void {
  // One that doesn't read would fill our memory: it may join again, and hear all anew.
  if (member.writableLength > mostQueuedBytes) member.destroy();
  else member.write(`${JSON.stringify(report)}\n`);
}
