import type { IncomingMessage, ServerResponse } from 'node:http';

/** Below the 30 s after which many proxies cut a silent response. */
export const keepAliveMs = 15_000;
export const keepAlive = ': keep-alive\n\n';

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx would hold events back until its buffer is full.
  'x-accel-buffering': 'no',
};

/** One server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export function formatEvent(type: string | undefined, data: unknown): string {
  return `${type === undefined ? '' : `event: ${type}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/**
 * Answers with server-sent events as `events` yields them, at the reader's pace: while a reader takes nothing, nothing
 * is asked for. The signal that `events` gets aborts when the reader goes or `stopping` does.
 */
export async function sendEvents(
  request: IncomingMessage,
  response: ServerResponse,
  stopping: AbortSignal,
  events: (signal: AbortSignal) => AsyncIterable<string>,
): Promise<void> {
  response.writeHead(200, headers);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, stopping]);
  response.flushHeaders();
  try {
    for await (const text of events(signal)) {
      if (signal.aborted) break;
      if (!response.write(text)) await untilDrained(response, signal);
    }
  } finally {
    response.end();
  }
}

function untilDrained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
