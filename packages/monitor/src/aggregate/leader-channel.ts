import type { Server, Socket } from 'node:net';
import { builtin } from '../builtin.ts';
import { ensureFolder, sweepFolder } from './channel-path.ts';
import type { Delta } from './delta.ts';
import { readLines } from './lines.ts';
import type { Sum } from './sum.ts';

/** Followers at a time; a further one is refused and tries again. */
const maxFollowers = 1000;
const maxQueuedBytes = 16 * 1024 * 1024;

/** Listens at a Unix socket to what followers tell, and adds it to the sum. */
export class LeaderChannel {
  readonly #server: Server;
  readonly #path: string;
  readonly #followers = new Set<Socket>();

  /**
   * @param joined called when a follower has told its first delta; what it returns is told to it.
   * @throws Error when the channel's folder can't be used.
   */
  constructor(path: string, sum: Sum, joined: () => Delta | undefined) {
    this.#path = path;
    const folder = builtin('node:path').dirname(path);
    ensureFolder(folder);
    sweepFolder(folder);
    // A process that crashed leaves its socket behind. Which process may lead was decided before.
    builtin('node:fs').rmSync(path, { force: true });
    this.#server = builtin('node:net').createServer((socket) => this.#accept(socket, sum, joined));
    this.#server.maxConnections = maxFollowers;
    this.#server.on('error', () => this.close());
    // Exclusive, as the metrics' listener: a worker's socket would belong to its primary, and outlive the worker.
    this.#server.listen({ path, exclusive: true });
    this.#server.unref();
    process.once('exit', () => this.close());
  }

  /** Tells all followers. */
  tell(delta: Delta): void {
    for (const follower of this.#followers) tell(follower, delta);
  }

  close(): void {
    this.#server.close();
    builtin('node:fs').rmSync(this.#path, { force: true });
  }

  #accept(socket: Socket, sum: Sum, joined: () => Delta | undefined): void {
    socket.unref();
    readLines(socket, (line) => {
      sum.add(socket, JSON.parse(line) as Delta);
      if (this.#followers.has(socket)) return;
      this.#followers.add(socket);
      const replica = joined();
      if (replica) tell(socket, replica);
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#followers.delete(socket);
      sum.leave(socket);
    });
  }
}

function tell(follower: Socket, delta: Delta): void {
  // A follower that doesn't read would fill our memory. It may join again, and is then told everything anew.
  if (follower.writableLength > maxQueuedBytes) follower.destroy();
  else follower.write(`${JSON.stringify(delta)}\n`);
}
