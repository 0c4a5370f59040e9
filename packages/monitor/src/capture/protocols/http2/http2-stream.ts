import type { IncomingMessage } from 'node:http';
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Exchange, type ResponseState } from '../../exchange.ts';
import { findOwnSymbol } from '../../own-symbol.ts';
import { usable } from '../../self-test.ts';
import { StreamFlow, type Way } from './http2-flow.ts';
import { frameHeader, type HeadFrames, shortFrame } from './http2-frames.ts';
import { isRequestComplete, StreamHooks } from './http2-hooks.ts';
import type { StreamRequest } from './http2-request.ts';

/** The counters of a stream's native handle: DATA payload that came, and that was submitted. */
interface DataHandle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** Node reads a file in pieces of so many bytes, and counts a piece as written before it is (src/stream_pipe.cc). */
const filePiece = 65_536;
/** What TLS adds to a record. */
const recordOverhead = 29;
/** By so much the frames of others may have been estimated too long. */
const negligible = 256;
/** nghttp2 knows no such stream any more (`constants.NGHTTP2_STREAM_STATE_IDLE`). */
const goneState = 1;

/** A stream of HTTP/2 as an exchange. */
export class StreamExchange extends Exchange {
  readonly received = new StreamFlow();
  readonly sent = new StreamFlow();
  readonly stream: ServerHttp2Stream;
  /** Its counters are final. */
  isDone = false;
  /** It was cut off, and Node has yet to tell how much was sent. */
  isAwaited = false;
  /** The request came to its end. */
  isRequestWhole = false;
  /** Part of the response had not even been submitted. */
  #hasUnwritten = false;
  #handle: DataHandle | null;
  #submitted = 0;
  /** Node has told how much of DATA was sent. */
  #isSentKnown = false;
  #updates = 0;
  #informed = 0;
  #hasResponded = false;
  #hasTrailers = false;
  #hasCompatRequest = false;
  #hasEmptyEnd: boolean;

  constructor(request: IncomingMessage, response: ResponseState, stream: ServerHttp2Stream) {
    super();
    this.stream = stream;
    this.#handle = findHandle(stream);
    // A pushed stream has no request that could end.
    this.#hasEmptyEnd = (request as unknown as StreamRequest).parent !== null;
    this.open(request, response);
  }

  protected override get holder(): object {
    return this.stream;
  }

  override get isAborted(): boolean {
    return !(this.isDone && this.isRequestWhole && this.#isResponseWhole);
  }

  get #isResponseWhole(): boolean {
    const { aborted, headersSent, rstCode, writableEnded } = this.stream;
    if (!headersSent || aborted || !writableEnded) return false;
    const { most, pendingFrames } = this.sent;
    if (this.#hasUnwritten || pendingFrames > negligible) return false;
    if (this.#isFile) return rstCode === 0 && most === this.#submitted;
    return !this.#isSentKnown || most === this.#submitted;
  }

  flow(way: Way): StreamFlow {
    return way === 'in' ? this.received : this.sent;
  }

  /** Reads the counters; they are gone with the handle. */
  read(heads: HeadFrames): void {
    if (this.isDone) return;
    this.#read(heads);
    // A peer may close a stream that Node keeps until the connection closes, because a write on it never ends.
    if (this.sent.most > this.sent.data && this.stream.closed && this.#isGone) this.#finish();
  }

  /** The stream goes: last readings. */
  readLast(heads: HeadFrames): void {
    if (this.isDone) return;
    this.#read(heads);
    this.#finish();
  }

  /** Whether all of the response was sent can only be told by Node, or by what is left when others had theirs. */
  get isDoubtful(): boolean {
    const { aborted, rstCode, writableEnded } = this.stream;
    return this.#isFile || aborted || rstCode !== 0 || !writableEnded;
  }

  /** How much of DATA was sent in the end; `undefined` where Node can't tell. */
  settleSent(bytes: number | undefined): void {
    this.isAwaited = false;
    if (bytes === undefined) return;
    this.#isSentKnown = true;
    this.sent.most = Math.max(this.sent.data, bytes);
  }

  /** Nothing waits for the kernel any more: what was sent has left. */
  concludeSent(): void {
    if (this.#isSentKnown) this.sent.data = this.sent.most;
  }

  /** How often Node has told the client to go on since this was last asked. */
  countUpdates(afterBytes: number): number {
    const updates = Math.floor(this.received.data / afterBytes);
    const grown = updates - this.#updates;
    this.#updates = updates;
    return grown;
  }

  /** By what to share bytes that nothing explains: 0 for a stream where nothing has moved. */
  weight(way: Way): number {
    const { grown, slack } = this.flow(way);
    const other = this.flow(way === 'in' ? 'out' : 'in').grown;
    if (grown === 0 && slack === 0 && other === 0 && !this.isDone) return 0;
    return 1 + slack / 4 + (frameHeader * grown) / 1024 + other / 4096;
  }

  /** How many of those bytes may be its own: a peer may make frames small and may not compress. */
  mostRest(way: Way, isEncrypted: boolean): number {
    const { grown, slack } = this.flow(way);
    const other = this.flow(way === 'in' ? 'out' : 'in').grown;
    const records = isEncrypted ? 3 * recordOverhead + grown / 256 : 0;
    return Math.ceil(slack + frameHeader * grown + shortFrame * (2 + other / 1024) + records);
  }

  #read(heads: HeadFrames): void {
    this.#takeCompatRequest();
    this.#readHeads(heads);
    this.#readData();
    this.#readEnd();
  }

  /** The stream goes, or is gone. */
  #finish(): void {
    this.isDone = true;
    this.isRequestWhole = StreamHooks.find(this.stream)?.wasCompleteAtClose ?? isRequestComplete(this.stream);
    this.#hasUnwritten = this.stream.writableLength > this.stream.bufferSize - this.stream.writableLength;
    this.#handle = null;
  }

  #readData(): void {
    const handle = this.#handle;
    if (handle === null) return;
    const { received, sent } = this;
    received.data = Math.max(received.data, handle.bytesRead);
    received.most = received.data;
    this.#submitted = Math.max(this.#submitted, handle.bytesWritten);
    sent.most = this.#submitted;
    sent.data = Math.max(sent.data, this.#submitted - this.#waiting);
  }

  /** A request that ends after its head without DATA does so by a frame that is empty. */
  #readEnd(): void {
    if (this.#hasEmptyEnd || this.stream.endAfterHeaders || this.received.data > 0) return;
    if (!isRequestComplete(this.stream)) return;
    this.#hasEmptyEnd = true;
    this.received.overhead += frameHeader;
  }

  /** Bytes submitted whose write isn't through: none, some or nearly all of them were sent. */
  get #waiting(): number {
    if (this.#isFile) return filePiece;
    // `bufferSize` has in it what Node's stream counts as waiting, too.
    return this.stream.bufferSize - this.stream.writableLength;
  }

  /** Node reads it from a file, and has ended the writable side in advance. */
  get #isFile(): boolean {
    return 'ownsFd' in this.stream;
  }

  get #isGone(): boolean {
    return this.stream.state?.state === goneState;
  }

  #readHeads(heads: HeadFrames): void {
    const { stream } = this;
    const informed = stream.sentInfoHeaders;
    if (informed !== undefined) {
      while (this.#informed < informed.length) this.#sendHead(informed[this.#informed++] as OutgoingHttpHeaders, heads);
    }
    if (!this.#hasResponded && stream.headersSent) {
      this.#hasResponded = true;
      this.#sendHead(stream.sentHeaders, heads);
    }
    if (!this.#hasTrailers && stream.sentTrailers !== undefined) {
      this.#hasTrailers = true;
      this.#sendHead(stream.sentTrailers, heads);
    }
  }

  #sendHead(head: OutgoingHttpHeaders, heads: HeadFrames): void {
    heads.measure(head);
    this.sent.addHead(heads);
  }

  /** What the compatibility layer made of the stream knows more: frameworks mark it. */
  #takeCompatRequest(): void {
    if (this.#hasCompatRequest || !usable.compatRequest) return;
    const request = findOwnSymbol(this.stream, 'request') as IncomingMessage | null | undefined;
    if (!request) return;
    this.#hasCompatRequest = true;
    this.request = request;
  }
}

function findHandle(stream: ServerHttp2Stream): DataHandle | null {
  if (!usable.streamCounters) return null;
  return (findOwnSymbol(stream, 'kHandle') as DataHandle | undefined) ?? null;
}
