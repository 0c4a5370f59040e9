import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2Stream } from 'node:http2';
import type { ResponseState } from '../capture/exchange.ts';
import { fastifyEndpoint } from './fastify.ts';

// Shared among all copies of this package in a process: `--import` loads one of its own.
const declared: unique symbol = Symbol.for('weighbridge.endpoint');
type Declared = { [declared]?: string; stream?: Declared };

/** Label value of requests that nothing was routed for: only 404 and 405, and those that ended before. */
const unmatched = '_unmatched';
/** Label value of requests answered by a framework whose templates can't be had. */
const unrouted = '_unrouted';

/** Longest template taken from code; longer ones are cut by counting under `_other`. */
const maxLength = 200;

/**
 * Names a request's endpoint where the framework can't; with HTTP/2 the request's or its stream's.
 *
 * @example
 * createServer((request, response) => { setEndpoint(request, '/users/:id'); response.end(); });
 */
export function setEndpoint(request: IncomingMessage | Http2ServerRequest | Http2Stream, template: string): void {
  (request as Declared)[declared] = template;
}

/**
 * The endpoint's template; `undefined` while it is not known and the exchange goes on.
 *
 * @param final the exchange ends now, or its first byte is written down: decide.
 */
export function findEndpoint(
  request: IncomingMessage,
  response: ResponseState,
  final: boolean,
  byOption: ((request: IncomingMessage) => string | undefined) | undefined,
): string | undefined {
  const known = declaredEndpoint(request as Declared) ?? fastifyEndpoint(request) ?? byOption?.(request);
  if (known !== undefined) return known.length <= maxLength ? known : '_other';
  if (response.headersSent) {
    return response.statusCode === 404 || response.statusCode === 405 ? unmatched : unrouted;
  }
  return final ? unmatched : undefined;
}

function declaredEndpoint(request: Declared): string | undefined {
  return request[declared] ?? request.stream?.[declared];
}
