import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Below the 30 s after which many proxies cut a silent response. */
export const keepAliveMs = 15_000;
export const keepAlive = ': keep-alive\n\n';

/** One server-sent event. */
export function formatEvent(event: string | undefined, data: unknown): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/**
 * Answers with server-sent events as `events` yields them, at the reader's pace; its signal aborts when the
 * reader goes or the master stops.
 */
export function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  stopping: AbortSignal,
  events: (signal: AbortSignal) => AsyncIterable<string>,
): FastifyReply {
  reply.type('text/event-stream; charset=utf-8').header('cache-control', 'no-store').header('x-accel-buffering', 'no');
  if (request.method === 'HEAD') return reply.send('');
  const gone = new AbortController();
  void once(reply.raw, 'close').then(() => gone.abort());
  return reply.send(
    Readable.from(events(AbortSignal.any([gone.signal, stopping])), { objectMode: false, highWaterMark: 65_536 }),
  );
}
