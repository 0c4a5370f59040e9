import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2Stream } from 'node:http2';
import type { Exchange, ResponseState } from '../capture/exchange.ts';
import { findExpress } from './frameworks/express.ts';
import { findNext } from './frameworks/next.ts';
import { findRestify } from './frameworks/restify.ts';
import { findRouted } from './routed.ts';

// Shared among all copies of this package in a process: `--import` loads one of its own.
const declared: unique symbol = Symbol.for('weighbridge.endpoint');
type Declared = { [declared]?: string; stream?: Declared };

/** Label value of requests that nothing was routed for: only 404 and 405, and those that ended before. */
const unmatched = '_unmatched';
/** Label value of requests answered by a framework whose templates can't be had. */
export const unrouted = '_unrouted';

/** Longest template taken from code; longer ones are counted under `_other`. */
export const maxTemplateLength = 200;

/** What the application's owner has said about endpoints, if anything: it goes before what a framework knows. */
export interface EndpointChoices {
  readonly endpointOf: ((request: IncomingMessage) => string | undefined) | undefined;
  /** The template among those that were listed. */
  readonly findListed: ((url: string) => string | undefined) | undefined;
}

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
 * @param isFinal the exchange ends now, or its first byte is written down: decide.
 */
export function findEndpoint(exchange: Exchange, isFinal: boolean, choices: EndpointChoices): string | undefined {
  const request = exchange.request as IncomingMessage;
  const response = exchange.response as ResponseState;
  const known =
    findDeclared(request as Declared) ??
    choices.endpointOf?.(request) ??
    choices.findListed?.(exchange.url) ??
    findByFramework(request, response, isFinal);
  if (known !== undefined) return known.length <= maxTemplateLength ? known : '_other';
  if (response.headersSent) {
    return response.statusCode === 404 || response.statusCode === 405 ? unmatched : unrouted;
  }
  return isFinal ? unmatched : undefined;
}

function findDeclared(request: Declared): string | undefined {
  return request[declared] ?? request.stream?.[declared];
}

function findByFramework(request: IncomingMessage, response: ResponseState, isFinal: boolean): string | undefined {
  const routed = findRouted(request);
  if (typeof routed === 'string') return routed;
  if (routed) return routed.findTemplate(request, response, isFinal);
  return findExpress(request, response) ?? findRestify(request) ?? findNext(request, response);
}
