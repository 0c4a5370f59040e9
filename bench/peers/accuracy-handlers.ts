import type { IncomingMessage, ServerResponse } from 'node:http';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

// Compresses about as well as a list of numbers does.
const text = Array.from({ length: 12_500 }, (_, index) =>
  String(Math.imul(index, 2_654_435_761) >>> 0)
    .padStart(7)
    .slice(0, 7),
)
  .join('\n')
  .padEnd(100_000);
const bigBytes = 5_000_000;
/** How much of the big download is sent before the rest is held back. */
export const firstBytes = 4_000_000;

/** What the scenarios ask for, on Node's own request and response, so that each host answers alike. */
export const handlers: Readonly<Record<string, Handle>> = {
  '/small': (_request, response) => sized(response, 200, 'x'.repeat(1000)),
  '/large': (_request, response) => sized(response, 200, text),
  '/chunked': (_request, response) => {
    for (let at = 0; at < text.length; at += 10_000) response.write(text.slice(at, at + 10_000));
    response.end();
  },
  '/upload': (request, response) => {
    request.resume().on('end', () => sized(response, 200, 'ok'));
  },
  '/refused': (_request, response) => sized(response, 413, 'too large'),
  // A cache's answer may tell the length of what it doesn't send.
  '/unchanged': (_request, response) => response.writeHead(304, { etag: '"1"', 'content-length': 1000 }).end(),
  '/gzip': (_request, response) => {
    response.setHeader('content-type', 'text/plain');
    response.setHeader('content-length', text.length);
    response.end(text);
  },
  '/big': (_request, response) => {
    response.setHeader('content-length', bigBytes);
    response.write(Buffer.alloc(firstBytes));
  },
  '/events': (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let event = 0; event < 50; event++) response.write(`data: ${'x'.repeat(992)}\n\n`);
  },
};

function sized(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  response.setHeader('content-length', body.length);
  response.end(body);
}
