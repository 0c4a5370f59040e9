import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { ResponseState } from './exchange.ts';

/** How long a request's body will be in bytes, as its head says; `undefined` where that says nothing. */
export function findRequestLength({ headers }: Pick<IncomingMessage, 'headers'>): number | undefined {
  return parseLength(headers['content-length']);
}

interface AnyResponse {
  getHeader?(name: string): unknown;
  /** The head as it was sent: of headers that were given to `writeHead` nothing else is left. In no documentation. */
  _header?: unknown;
  stream?: Pick<ServerHttp2Stream, 'sentHeaders'>;
}

/** The same of a response, once its head is sent. A runtime that lacks what this looks at leaves it unknown. */
export function findResponseLength(response: ResponseState): number | undefined {
  if (!response.headersSent) return undefined;
  const { _header: head, stream } = response as AnyResponse;
  if (stream?.sentHeaders) return parseLength(stream.sentHeaders['content-length']);
  const given = parseLength((response as AnyResponse).getHeader?.('content-length'));
  return given ?? (typeof head === 'string' ? parseLength(/^content-length: *(\d+)/im.exec(head)?.[1]) : undefined);
}

function parseLength(text: unknown): number | undefined {
  const length = Number(text ?? Number.NaN);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}
