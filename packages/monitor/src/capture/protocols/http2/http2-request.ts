import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ResponseState } from '../../exchange.ts';

/** What the application answers on a stream. */
export class StreamResponse implements ResponseState {
  readonly stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.stream = stream;
  }

  get headersSent(): boolean {
    return this.stream.headersSent;
  }

  get statusCode(): number {
    return Number(this.stream.sentHeaders[':status']);
  }

  get writableFinished(): boolean {
    return this.stream.writableFinished;
  }
}

/** A request as the capture makes it for an application that works on streams. */
export interface StreamRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly stream: ServerHttp2Stream;
  /** Names and values by turns, as received; of a pushed stream none. */
  readonly rawHeaders: readonly string[];
  /** The stream that a pushed stream was promised on. */
  readonly parent: ServerHttp2Stream | null;
}

/** As much of a request as naming its endpoint and client takes. */
export function toRequest(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[] = [],
  parent: ServerHttp2Stream | null = null,
): IncomingMessage {
  const { ':method': method, ':path': url } = headers;
  return { method, url, headers, stream, rawHeaders, parent } as unknown as IncomingMessage;
}
