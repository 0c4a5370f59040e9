import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Connection } from './connection.ts';
import { type Answer, Exchange } from './exchange.ts';

/** The counters of a stream's native handle: DATA payload that came, and that was submitted. */
interface DataHandle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** One direction of a stream: what is surely its own, and what it was given of the rest. */
export class Flow {
  /** DATA payload; of the output, as submitted. */
  data = 0;
  /** Of it, already given. */
  given = 0;
  /** All that the stream was given: DATA, frames, head. */
  due = 0;
  /** Its head has crossed and was not given yet. */
  owesHead = false;

  get wanted(): number {
    return this.data - this.given;
  }
}

/** A stream of HTTP/2 as an exchange. */
export class StreamExchange {
  readonly exchange: Exchange;
  readonly in = new Flow();
  readonly out = new Flow();
  /** Destroyed: its counters are final. */
  done = false;
  readonly stream: ServerHttp2Stream;
  readonly #handle: DataHandle | null;
  #hasAnswered = false;

  constructor(connection: Connection, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.stream = stream;
    this.#handle = handleOf(stream);
    this.in.owesHead = true;
    this.exchange = new Exchange(connection);
    this.exchange.begin(requestLike(stream, headers), new StreamAnswer(stream), 0);
  }

  get aborted(): boolean {
    const { aborted, rstCode, headersSent } = this.stream;
    return !this.done || aborted || rstCode !== 0 || !headersSent;
  }

  /** Reads the counters; they are gone with the handle. */
  read(): void {
    if (this.done) return;
    // What the compatibility layer made of the stream knows more: frameworks mark it.
    if (this.exchange.row === null) this.exchange.request = compatRequest(this.stream) ?? this.exchange.request;
    if (this.#handle !== null) {
      this.in.data = Math.max(this.in.data, this.#handle.bytesRead);
      this.out.data = Math.max(this.out.data, this.#handle.bytesWritten);
    }
    if (!this.#hasAnswered && this.stream.headersSent) {
      this.#hasAnswered = true;
      this.out.owesHead = true;
    }
  }

  /** The stream goes: last readings. */
  end(): void {
    this.read();
    this.done = true;
  }

  /** After a reset what was submitted is not sent any more. */
  forgetUnsent(): void {
    if (this.done && this.stream.rstCode !== 0) this.out.data = this.out.given;
  }
}

class StreamAnswer implements Answer {
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

// As much of a request as naming its endpoint and client takes, where an application works on streams.
function requestLike(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): IncomingMessage {
  const request = { method: headers[':method'], url: headers[':path'], headers, stream };
  return request as unknown as IncomingMessage;
}

function handleOf(stream: ServerHttp2Stream): DataHandle | null {
  const handle = ownSymbol(stream, 'kHandle') as DataHandle | undefined;
  return typeof handle?.bytesRead === 'number' && typeof handle.bytesWritten === 'number' ? handle : null;
}

function compatRequest(stream: ServerHttp2Stream): IncomingMessage | undefined {
  return ownSymbol(stream, 'request') as IncomingMessage | undefined;
}

// Symbols of lib/internal/http2: the same for all streams, so each is looked for until it was found once.
const symbols = new Map<string, symbol>();

function ownSymbol(stream: ServerHttp2Stream, description: string): unknown {
  const known = symbols.get(description);
  if (known !== undefined) return (stream as unknown as Record<symbol, unknown>)[known];
  const found = Object.getOwnPropertySymbols(stream).find((symbol) => symbol.description === description);
  if (found === undefined) return undefined;
  symbols.set(description, found);
  return (stream as unknown as Record<symbol, unknown>)[found];
}
