import type { Socket } from 'node:net';
import { type AttemptRef, type Client, limits } from '@weighbridge/protocol';
import { untilAnswered } from './answered.ts';

interface Log {
  client: Client;
  attempt: AttemptRef;
  stream: 'stdout' | 'stderr' | 'system';
  /** Given up when it is aborted. */
  signal: AbortSignal;
  /** Told once when the master refuses a chunk; what follows is dropped. */
  onRefused: (error: unknown) => void;
}

/**
 * Sends one output stream to the master as it comes, one chunk at a time: while a chunk is under way the socket's
 * buffer fills, then the kernel's, then the command waits.
 */
export async function sendLog(log: Log, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  let offset = 0;
  let dropping = false;
  for await (const bytes of source) {
    // Dropped, yet read: the command must not stand still for it.
    for (let at = 0; at < bytes.length && !dropping; at += limits.logChunkBytes) {
      const chunk = Uint8Array.from(bytes.subarray(at, at + limits.logChunkBytes));
      dropping = !(await isSent(log, offset, chunk));
      offset += chunk.length;
    }
  }
}

/** Was it taken, and will more be? */
async function isSent(
  { client, attempt, stream, signal, onRefused }: Log,
  offset: number,
  bytes: Uint8Array<ArrayBuffer>,
) {
  try {
    await untilAnswered(() => client.appendLog(attempt, { stream, offset, bytes }, signal), signal);
  } catch (error) {
    signal.throwIfAborted();
    onRefused(error);
    return false;
  }
  // Past the limit the master has cut the log: it needs no more of it.
  return offset <= limits.jobLogBytes;
}

/** Destroys the stream of a command that has ended once it is read to its end and `idleMs` brought nothing more. */
export function closeWhenIdle(socket: Socket, idleMs: number): void {
  socket.setTimeout(idleMs, () => {
    if (socket.readableLength === 0) socket.destroy();
    else closeWhenIdle(socket, idleMs);
  });
}
