import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { usable } from '../self-test.ts';

/**
 * What a socket has moved. Node's own stream handles are of this shape: `bytesWritten` is what was submitted, and
 * `writeQueueSize` is the part of it that the kernel has not accepted yet (handles in JavaScript lack it).
 */
export interface Counters {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly writeQueueSize?: number;
}

/** Node's handle of a socket, while it has one; `null` where it lacks the counters. */
export function findHandle(socket: Duplex): Counters | null {
  if (!usable.handleCounters) return null;
  const handle = (socket as unknown as { _handle?: Partial<Counters> | null })._handle;
  return typeof handle?.bytesRead === 'number' && typeof handle.bytesWritten === 'number' ? (handle as Counters) : null;
}

/** What waits for the kernel, as far as the counters tell. */
export function unsentBytes(counters: Counters): number {
  return usable.writeQueueSize ? counters.writeQueueSize || 0 : 0;
}

/** What a socket was given to send, also what still waits in JavaScript. */
export function submittedBytes(socket: Duplex, counters: Counters): number {
  if (socket.writableLength === 0) return counters.bytesWritten;
  return (socket as Socket).bytesWritten ?? counters.bytesWritten + socket.writableLength;
}

/** The public getters of a socket whose handle has no counters. */
export class SocketGetters implements Counters {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  get writeQueueSize(): number {
    return this.#socket.writableLength;
  }
}

type Write = (chunk: unknown, encoding: BufferEncoding, callback: (error?: Error | null) => void) => void;
type Writev = (chunks: unknown, callback: (error?: Error | null) => void) => void;
interface Internals {
  push: Duplex['push'];
  _write: Write;
  _writev?: Writev | null;
}

/** One piece of a write, as the application gave it. */
export interface Chunk {
  readonly chunk: string | Uint8Array;
  readonly encoding: BufferEncoding;
}

/**
 * Counts of our own, for a stream that has none: what was pushed into it, and what was written through it. Whether
 * a write arrived anywhere only the stream knows.
 */
export class StreamCounts implements Counters {
  bytesRead = 0;
  bytesWritten = 0;

  /** @param watch is told of each write before it is done. */
  constructor(stream: Duplex, watch: (chunks: readonly Chunk[]) => void) {
    const { push, _write, _writev } = stream as unknown as Internals;
    const internals = stream as unknown as Internals;
    internals.push = (chunk, encoding) => {
      if (chunk !== null && chunk !== undefined) this.bytesRead += chunkLength({ chunk, encoding: encoding ?? 'utf8' });
      return push.call(stream, chunk, encoding);
    };
    internals._write = (chunk, encoding, callback) => {
      const chunks = [{ chunk, encoding } as Chunk];
      watch(chunks);
      this.bytesWritten += chunksLength(chunks);
      _write.call(stream, chunk, encoding, callback);
    };
    if (typeof _writev !== 'function') return;
    internals._writev = (chunks, callback) => {
      watch(chunks as Chunk[]);
      this.bytesWritten += chunksLength(chunks as Chunk[]);
      _writev.call(stream, chunks, callback);
    };
  }
}

/** Bytes of a write. */
export function chunksLength(chunks: readonly Chunk[]): number {
  let length = 0;
  for (const chunk of chunks) length += chunkLength(chunk);
  return length;
}

function chunkLength({ chunk, encoding }: Chunk): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength;
}
