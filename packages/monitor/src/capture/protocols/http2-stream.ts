import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Exchange, type ResponseState } from '../exchange.ts';

/** The counters of a stream's native handle: DATA payload that came, and that was submitted. */
interface DataHandle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** One direction of a stream: what is surely its own, and how much of it was attributed. */
export class StreamFlow {
  /** DATA payload; of the output, as submitted. */
  data = 0;
  /** Of it, already attributed. */
  attributedData = 0;
  /** Its head has crossed and was not attributed yet. */
  hasPendingHead = false;

  get pendingData(): number {
    return this.data - this.attributedData;
  }
}

/** A stream of HTTP/2 as an exchange. */
export class StreamExchange extends Exchange {
  readonly received = new StreamFlow();
  readonly sent = new StreamFlow();
  /** Destroyed: its counters are final. */
  isDone = false;
  readonly stream: ServerHttp2Stream;
  readonly #handle: DataHandle | null;
  #hasResponded = false;
  #hasCompatRequest = false;

  constructor(request: IncomingMessage, response: ResponseState, stream: ServerHttp2Stream) {
    super();
    this.stream = stream;
    this.#handle = findHandle(stream);
    this.received.hasPendingHead = true;
    this.open(request, response);
  }

  protected override get holder(): object {
    return this.stream;
  }

  override get isAborted(): boolean {
    const { aborted, rstCode, headersSent } = this.stream;
    return !this.isDone || aborted || rstCode !== 0 || !headersSent;
  }

  /** Reads the counters; they are gone with the handle. */
  read(): void {
    if (this.isDone) return;
    this.#takeCompatRequest();
    if (this.#handle !== null) {
      this.received.data = Math.max(this.received.data, this.#handle.bytesRead);
      this.sent.data = Math.max(this.sent.data, this.#handle.bytesWritten);
    }
    if (!this.#hasResponded && this.stream.headersSent) {
      this.#hasResponded = true;
      this.sent.hasPendingHead = true;
    }
  }

  /** The stream goes: last readings. */
  readLast(): void {
    this.read();
    this.isDone = true;
  }

  /** After a reset what was submitted is not sent any more. */
  forgetUnsent(): void {
    if (this.isDone && this.stream.rstCode !== 0) this.sent.data = this.sent.attributedData;
  }

  /** What the compatibility layer made of the stream knows more: frameworks mark it. */
  #takeCompatRequest(): void {
    if (this.#hasCompatRequest) return;
    const request = findOwnSymbol(this.stream, 'request') as IncomingMessage | null | undefined;
    if (!request) return;
    this.#hasCompatRequest = true;
    this.request = request;
  }
}

/** What the application answers on a stream. */
export class StreamResponse implements ResponseState {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  get statusCode(): number {
    return Number(this.#stream.sentHeaders[':status']);
  }

  get writableFinished(): boolean {
    return this.#stream.writableFinished;
  }
}

/** As much of a request as naming its endpoint and client takes, where an application works on streams. */
export function toRequest(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): IncomingMessage {
  const request = { method: headers[':method'], url: headers[':path'], headers, stream };
  return request as unknown as IncomingMessage;
}

/** Calls `before` when a stream is destroyed, while its handle still is there. */
export function beforeStreamDestroy(stream: ServerHttp2Stream, before: () => void): void {
  const target = stream as unknown as { _destroy: (error: Error | null, callback: () => void) => void };
  const destroy = target._destroy;
  target._destroy = (error, callback) => {
    before();
    destroy.call(stream, error, callback);
  };
}

function findHandle(stream: ServerHttp2Stream): DataHandle | null {
  const handle = findOwnSymbol(stream, 'kHandle') as DataHandle | undefined;
  return typeof handle?.bytesRead === 'number' && typeof handle.bytesWritten === 'number' ? handle : null;
}

// Symbols of lib/internal/http2: the same for all streams, so each is looked for until it was found once.
const symbols = new Map<string, symbol>();

/** A property of Node's own under a symbol that isn't exported. */
export function findOwnSymbol(object: object, description: string): unknown {
  const known = symbols.get(description);
  if (known !== undefined) return (object as Record<symbol, unknown>)[known];
  const found = Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
  if (found === undefined) return undefined;
  symbols.set(description, found);
  return (object as Record<symbol, unknown>)[found];
}
