import type { Socket } from 'node:net';
import { builtin } from '../builtin.ts';
import type { Delta, DeltaReader } from './delta.ts';
import { readLines } from './lines.ts';

const intervalMs = 1000;

export interface FollowerEvents {
  /** The leader tells the sum of peers: `isFirst` with all that is in it, then what was added. */
  delta(delta: Delta, isFirst: boolean): void;
  /** The leader was reached, for the first time or again. */
  reached(): void;
  /** A try to reach the leader failed, or it is gone. */
  unreachable(): void;
}

/** Tells a leader each second what has moved since. While none listens nothing is lost: the next delta has it. */
export class FollowerChannel {
  readonly #path: string;
  readonly #deltas: DeltaReader;
  readonly #timer: NodeJS.Timeout;
  readonly #events: FollowerEvents;
  #socket: Socket | undefined;
  #stopped = false;

  constructor(path: string, deltas: DeltaReader, events: FollowerEvents) {
    this.#path = path;
    this.#deltas = deltas;
    this.#events = events;
    this.#timer = setInterval(() => this.#runOnce(), intervalMs).unref();
    // The last second of a process that ends by itself: the system takes the write at once.
    process.once('exit', () => this.#tell());
    this.#runOnce();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#socket?.destroy();
  }

  #runOnce(): void {
    if (this.#socket) this.#tell();
    else this.#connect();
  }

  #connect(): void {
    const socket = builtin('node:net').connect(this.#path).unref();
    this.#socket = socket;
    let isFirst = true;
    readLines(socket, (line) => {
      this.#events.delta(JSON.parse(line) as Delta, isFirst);
      isFirst = false;
    });
    socket.once('connect', () => {
      this.#events.reached();
      this.#tell();
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#socket = undefined;
      if (!this.#stopped) this.#events.unreachable();
    });
  }

  #tell(): void {
    const socket = this.#socket;
    // What waits in our own memory would be lost with a crash on either side, though it counts as told.
    if (this.#stopped || !socket || socket.connecting || socket.destroyed || socket.writableNeedDrain) return;
    socket.write(`${JSON.stringify(this.#deltas.next())}\n`);
  }
}
