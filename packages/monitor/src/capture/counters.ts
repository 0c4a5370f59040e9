import type { Socket } from 'node:net';

/** The part of Node's stream handle that counts: what the kernel gave, what was submitted, what still waits. */
export interface CountingHandle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}

/** Node's handle of a socket, while it has one; `null` where it lacks the counters. */
export function handleOf(socket: Socket): CountingHandle | null {
  const handle = (socket as unknown as { _handle?: Partial<CountingHandle> | null })._handle;
  return typeof handle?.bytesRead === 'number' && typeof handle.bytesWritten === 'number'
    ? (handle as CountingHandle)
    : null;
}

/**
 * Bytes that the kernel took. `bytesWritten` is what was submitted; libuv's queue holds what the kernel has
 * not accepted yet.
 */
export function acceptedBytes(handle: CountingHandle): number {
  return handle.bytesWritten - (handle.writeQueueSize || 0);
}
