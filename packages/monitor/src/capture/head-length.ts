import type { IncomingMessage } from 'node:http';

/**
 * Bytes of a request head written as `Name: value`, request line and blank line included. Exact for what
 * ordinary clients send; odd spacing makes the real head longer or shorter.
 */
export function headLength(request: IncomingMessage): number {
  const raw = request.rawHeaders;
  // Request line: method, two spaces, "HTTP/1.1", CRLF; then the blank line.
  let length = (request.method as string).length + (request.url as string).length + 14;
  for (let index = 0; index < raw.length; index += 2) {
    length += (raw[index] as string).length + (raw[index + 1] as string).length + 4;
  }
  return length;
}

/** Head and body as `Content-Length` announces it; -1 for chunked bodies, whose framing can't be known. */
export function messageLength(request: IncomingMessage): number {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding !== undefined) return -1;
  const head = headLength(request);
  return length === undefined ? head : head + Number(length);
}
