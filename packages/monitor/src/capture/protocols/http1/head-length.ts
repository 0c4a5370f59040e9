import type { IncomingMessage } from 'node:http';

/** Bytes of the request line and of the blank line: method, two spaces, "HTTP/1.1", twice CRLF. */
export function requestLineLength(request: IncomingMessage): number {
  return (request.method as string).length + (request.url as string).length + 14;
}

/**
 * Bytes of a request's head as if written `Name: value`. Exact for what ordinary clients send; odd spacing makes the
 * real head longer or shorter.
 *
 * @param lineLength what {@link requestLineLength} was when the head was complete: applications rewrite `url`.
 */
export function headLength(request: IncomingMessage, lineLength: number): number {
  const raw = request.rawHeaders;
  let length = lineLength;
  for (let index = 0; index < raw.length; index += 2) {
    length += (raw[index] as string).length + (raw[index + 1] as string).length + 4;
  }
  return length;
}

/**
 * Head and body as `Content-Length` announces it; -1 for chunked bodies, whose framing can't be known. Read from
 * the raw headers: applications delete the others.
 */
export function messageLength(request: IncomingMessage, lineLength: number): number {
  const raw = request.rawHeaders;
  let length = lineLength;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const value = raw[index + 1] as string;
    length += name.length + value.length + 4;
    if (name.length === 14 && name.toLowerCase() === 'content-length') length += Number(value);
    else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') return -1;
  }
  return length;
}
