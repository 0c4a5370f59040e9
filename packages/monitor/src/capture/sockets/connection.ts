import type { Duplex } from 'node:stream';
import type { Flow } from '../attribution.ts';
import { usable } from '../self-test.ts';
import { type Counters, findHandle, submittedBytes, unsentBytes } from './counters.ts';

/**
 * A write has failed. Node counted it as written and emptied its queue: its counters hold what the kernel never took,
 * so the last reading before stands. Some callbacks run before the socket is destroyed.
 */
function hasFailedWrite({ errored }: Duplex): boolean {
  return errored !== null && (errored as NodeJS.ErrnoException).syscall === 'write';
}

/** A write that fails empties the queue; a smaller one than this isn't worth asking the kernel. */
const worthAsking = 16_384;

/** The other side has reset the connection: it has no peer any more, though the socket may not know yet. */
function isReset(socket: Duplex): boolean {
  const { _handle: handle } = socket as unknown as { _handle?: { getpeername?: (into: object) => number } | null };
  return usable.getpeername && typeof handle?.getpeername === 'function' && handle.getpeername({}) !== 0;
}

/** What one server socket has moved since a certain moment. It counts, and knows nothing of protocols. */
export class Connection implements Flow {
  readonly socket: Duplex;
  /** Bytes up to the last reading, as the kernel gave and took them. Neither ever goes down. */
  in = 0;
  out = 0;
  isRefused = false;
  /** HTTP/2 writes beneath the socket: Node tells nobody when that fails. */
  failsSilently = false;
  /** What is written to: the raw socket, or the one with TLS on top of it. */
  writer: Duplex;
  readonly #counters: Counters;
  readonly #handle: Counters | null;
  /** What the counters stood at when this connection's own bytes began. */
  #baseIn: number;
  readonly #baseOut: number;

  constructor(socket: Duplex, counters: Counters, baseIn: number, baseOut: number) {
    this.socket = socket;
    this.writer = socket;
    this.#counters = counters;
    this.#handle = findHandle(socket);
    this.#baseIn = baseIn;
    this.#baseOut = baseOut;
  }

  /** A closed handle's counters are 0: what was read before stands. */
  read(): void {
    const counters = this.#counters;
    const bytesIn = counters.bytesRead - this.#baseIn;
    if (bytesIn > this.in) this.in = bytesIn;
    if (this.isRefused) return;
    const bytesOut = counters.bytesWritten - unsentBytes(counters) - this.#baseOut;
    if (bytesOut <= this.out) return;
    if (hasFailedWrite(this.writer) || this.#hasFailedSilently(bytesOut)) this.isRefused = true;
    else this.out = bytesOut;
  }

  /** So many bytes of the connection came by another way than this socket's handle. */
  addReceivedElsewhere(bytes: number): void {
    this.#baseIn -= bytes;
    this.in += bytes;
  }

  #hasFailedSilently(bytesOut: number): boolean {
    return this.failsSilently && bytesOut - this.out > worthAsking && !this.hasUnsent && isReset(this.socket);
  }

  get submitted(): number {
    return submittedBytes(this.socket, this.#counters) - this.#baseOut;
  }

  /** Part of what was written waits for the kernel. */
  get hasUnsent(): boolean {
    return unsentBytes(this.#counters) > 0;
  }

  /** The handle was taken from the socket without closing it: sent to another process, say. */
  get isHandleTaken(): boolean {
    if (this.#handle === null || this.socket.destroyed) return false;
    return (this.socket as unknown as { _handle?: unknown })._handle !== this.#handle;
  }

  /** A write of so many bytes failed at once: all before it had been accepted. */
  refuse(bytes: number): void {
    if (this.isRefused) return;
    this.isRefused = true;
    this.out = Math.max(this.out, this.submitted - bytes);
  }
}
