import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type AttemptRef, type Client, type LogStreamName, limits } from '@weighbridge/protocol';
import { untilAnswered } from './answered.ts';
import { LogBuffer, type LogPart } from './log-buffer.ts';

interface Log {
  client: Client;
  attempt: AttemptRef;
  stream: LogStreamName;
  /** Given up when it is aborted. */
  signal: AbortSignal;
  /** Told once when the master refuses a chunk; what follows is dropped. */
  onRefused: (error: unknown) => void;
}

/** Small parts are gathered for so long. */
const gatherMs = 100;
const gatheredBytes = 64 * 1024;
/** How fast the middle of a stream is sent, for those who follow it: most of it is dropped later. */
const bytesPerSecondPastHead = 1024 * 1024;

/**
 * Sends one output stream to the master as it comes, one chunk at a time, and past its head no faster than people read. What
 * the master can't take meanwhile waits, head and tail of it; the command doesn't.
 */
export async function sendLog(log: Log, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const buffer = new LogBuffer(limits.logHeadBytes, limits.logTailBytes);
  const sending = sendParts(log, buffer);
  // Heard of below.
  sending.catch(() => undefined);
  try {
    for await (const bytes of source) buffer.push(bytes);
  } finally {
    buffer.end();
  }
  await sending;
}

async function sendParts(log: Log, buffer: LogBuffer): Promise<void> {
  let isDropping = false;
  let restMs = 0;
  for (;;) {
    while (buffer.sizeBytes === 0 && !buffer.isOver) await buffer.changed;
    await rest(buffer, restMs);
    const isPastHead = buffer.isPastHead;
    const part = buffer.take(limits.logChunkBytes);
    if (!part) {
      if (buffer.isOver) return;
      continue;
    }
    // Dropped, yet taken: the buffer stays small.
    if (!isDropping) isDropping = !(await isSent(log, part));
    restMs = isPastHead ? Math.max(gatherMs, (part.bytes.length / bytesPerSecondPastHead) * 1000) : gatherMs;
  }
}

/** Waits a while, at most until the stream ends, or enough of its head has come. */
async function rest(buffer: LogBuffer, ms: number): Promise<void> {
  if (ms === 0) return;
  const waited = new AbortController();
  const timer = delay(ms, undefined, { signal: waited.signal }).catch(() => undefined);
  let isDone = false;
  void timer.then(() => {
    isDone = true;
  });
  while (!isDone && !buffer.isOver && (buffer.isPastHead || buffer.sizeBytes < gatheredBytes))
    await Promise.race([timer, buffer.changed]);
  waited.abort();
}

/** Was it taken, and will more be? */
async function isSent({ client, attempt, stream, signal, onRefused }: Log, part: LogPart): Promise<boolean> {
  try {
    await untilAnswered(() => client.appendLog(attempt, { stream, ...part }, signal), signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    onRefused(error);
    return false;
  }
}

/** Destroys the stream of a command that has ended once it is read to its end and `idleMs` brought nothing more. */
export function closeWhenIdle(socket: Socket, idleMs: number): void {
  socket.setTimeout(idleMs, () => {
    if (socket.readableLength === 0) socket.destroy();
    else closeWhenIdle(socket, idleMs);
  });
}
