import type { IncomingMessage } from 'node:http';
import { ProblemError } from '@weighbridge/protocol';
import type { FastifyInstance } from 'fastify';
import { formatRawProblem } from './problems.ts';

/** How fast a body must come, averaged over a window. */
export interface BodyRate {
  readonly bytesPerSecond: number;
  readonly windowSeconds: number;
}

/** Whatever sends files or JSON is faster, and a hundred thousand senders at this rate would fill no link. */
export const minimumBodyRate: BodyRate = Object.freeze({ bytesPerSecond: 1000, windowSeconds: 10 });

interface Window {
  startMs: number;
  bytesAtStart: number;
}

/**
 * Cuts requests whose body comes too slowly, with 408 where nothing was answered yet. A body that waits for us, because a
 * disk is slow, is none. `onCut` hears of each.
 */
export function cutSlowBodies(app: Pick<FastifyInstance, 'addHook'>, rate: BodyRate, onCut: () => void): void {
  const receiving = new Map<IncomingMessage, Window>();
  const timer = setInterval(() => {
    for (const [request, window] of receiving) if (isOver(request, window, rate, onCut)) receiving.delete(request);
  }, 1000).unref();
  app.addHook('onClose', async () => clearInterval(timer));
  app.addHook('onRequest', async ({ raw }) => {
    if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined) return;
    if (!raw.complete) receiving.set(raw, { startMs: performance.now(), bytesAtStart: raw.socket.bytesRead });
  });
  app.addHook('onResponse', async ({ raw }) => void receiving.delete(raw));
}

/** Has it come, gone, or been cut? */
function isOver(
  request: IncomingMessage,
  window: Window,
  { bytesPerSecond, windowSeconds }: BodyRate,
  onCut: () => void,
): boolean {
  if (request.complete || request.destroyed) return true;
  const nowMs = performance.now();
  if (nowMs - window.startMs < windowSeconds * 1000) return false;
  const { bytesRead } = request.socket;
  const received = bytesRead - window.bytesAtStart;
  window.startMs = nowMs;
  window.bytesAtStart = bytesRead;
  // What we have not taken yet is not late.
  if (received >= bytesPerSecond * windowSeconds || request.readableLength > 0) return false;
  onCut();
  cut(
    request,
    `the body must come with at least ${bytesPerSecond} bytes a second, got ${received} in ${windowSeconds} s`,
  );
  return true;
}

function cut(request: IncomingMessage, detail: string): void {
  const { socket } = request;
  socket.end(formatRawProblem(new ProblemError('body-too-slow', detail)));
  request.destroy();
}
