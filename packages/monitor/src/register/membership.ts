import type { Socket } from 'node:net';
import { builtin } from './builtin.ts';
import { readLines } from './lines.ts';
import type { Report, Reporter } from './report.ts';

const intervalMs = 1000;

export interface MembershipListener {
  /** The other process tells of the sum; the first time with all that is in it. */
  told(report: Report, first: boolean): void;
  /** A try to reach it failed, or it is gone: the how manieth in a row. */
  alone(failures: number): void;
}

/**
 * Tells another process of this service each second what has moved here since. While nobody hears, nothing is
 * lost: it is told with the next report.
 */
export class Membership {
  readonly #path: string;
  readonly #reporter: Reporter;
  readonly #timer: NodeJS.Timeout;
  readonly #listener: MembershipListener;
  #socket: Socket | undefined;
  #failures = 0;
  #stopped = false;

  constructor(path: string, reporter: Reporter, listener: MembershipListener) {
    this.#path = path;
    this.#reporter = reporter;
    this.#listener = listener;
    this.#timer = setInterval(() => this.#runOnce(), intervalMs).unref();
    // The last second of a process that ends by itself: the write is taken by the system at once.
    process.once('exit', () => this.#report());
    this.#runOnce();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#socket?.destroy();
  }

  #runOnce(): void {
    if (this.#socket) this.#report();
    else this.#connect();
  }

  #connect(): void {
    const socket = builtin('node:net').connect(this.#path).unref();
    this.#socket = socket;
    let first = true;
    readLines(socket, (line) => {
      this.#listener.told(JSON.parse(line) as Report, first);
      first = false;
    });
    socket.once('connect', () => {
      this.#failures = 0;
      this.#report();
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#socket = undefined;
      if (!this.#stopped) this.#listener.alone(++this.#failures);
    });
  }

  #report(): void {
    const socket = this.#socket;
    // What waits in our own memory would be lost with a crash on either side, and told by then.
    if (this.#stopped || !socket || socket.connecting || socket.destroyed || socket.writableNeedDrain) return;
    socket.write(`${JSON.stringify(this.#reporter.next())}\n`);
  }
}
