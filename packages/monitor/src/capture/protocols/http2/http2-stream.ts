import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Exchange, type ResponseState } from '../../exchange.ts';
import { findOwnSymbol } from '../../own-symbol.ts';
import { usable } from '../../self-test.ts';
import { dataFramesLength, frameHeader, type HeadFrames, shortFrame } from './http2-frames.ts';
import { isRequestComplete, StreamHooks } from './http2-hooks.ts';

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

/** One direction of a stream: what is its own, and how much of it was attributed. */
export class StreamFlow {
  /** DATA payload that has surely crossed, and that may have crossed. */
  data = 0;
  most = 0;
  /** More DATA can't have crossed: the peer has allowed no more. */
  window = Number.POSITIVE_INFINITY;
  /** Frames other than DATA, as long as they should be. */
  overhead = 0;
  /** How much longer its heads are where a peer compresses nothing. */
  slack = 0;
  attributedData = 0;
  attributedOverhead = 0;
  /** `data` when the frames around it were last told apart. */
  #settledData = 0;
  #gained = 0;
  #takenData = 0;
  #updates = 0;

  /** DATA frames that have crossed, and were not attributed. */
  get pendingData(): number {
    return Math.max(0, dataFramesLength(this.data) - this.attributedData);
  }

  get pendingOverhead(): number {
    return Math.max(0, this.overhead - this.attributedOverhead);
  }

  /** DATA frames that may have crossed, and were not attributed. */
  get uncertain(): number {
    if (this.most <= this.data) return 0;
    return Math.max(0, dataFramesLength(Math.min(this.most, this.window)) - this.attributedData);
  }

  /** DATA frames not attributed, if all has crossed. */
  get pendingFrames(): number {
    return dataFramesLength(this.most) - this.attributedData;
  }

  addData(bytes: number): void {
    this.attributedData += bytes;
    this.#gained += bytes;
  }

  addOverhead(bytes: number): void {
    this.attributedOverhead += bytes;
    this.#gained += bytes;
  }

  /** Attributed since this was last asked. */
  takeGained(): number {
    const gained = this.#gained;
    this.#gained = 0;
    return gained;
  }

  /** DATA since the frames around it were last told apart. */
  get grown(): number {
    return this.data - this.#settledData;
  }

  /** DATA since this was last asked. */
  takeGrown(): number {
    const grown = this.data - this.#takenData;
    this.#takenData = this.data;
    return grown;
  }

  /** Of `bytes`, what the other side will have needed to ask for more of this DATA, once after each `afterBytes`. */
  takeUpdates(bytes: number, afterBytes: number): number {
    const expected = Math.floor(this.attributedData / afterBytes) - this.#updates;
    const taken = Math.max(0, Math.min(bytes, expected * shortFrame));
    this.#updates += Math.ceil(taken / shortFrame);
    return taken;
  }

  settle(): void {
    this.#settledData = this.data;
    this.slack = 0;
  }

  /** The head that was measured last has crossed. */
  addHead({ length, slack }: HeadFrames): void {
    this.overhead += length;
    this.slack += slack;
  }
}

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

  /** Reads the counters; they are gone with the handle. */
  read(heads: HeadFrames): void {
    if (this.isDone) return;
    this.#takeCompatRequest();
    this.#readHeads(heads);
    this.#readData();
    this.#readEnd();
    // A peer may close a stream that Node keeps until the connection closes, because a write on it never ends.
    if (this.sent.most > this.sent.data && this.stream.closed && this.#isGone) this.#finish();
  }

  /** The stream goes: last readings. */
  readLast(heads: HeadFrames): void {
    if (this.isDone) return;
    this.#takeCompatRequest();
    this.#readHeads(heads);
    this.#readData();
    this.#readEnd();
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
  weight(way: 'in' | 'out'): number {
    const [own, other] = way === 'in' ? [this.received, this.sent] : [this.sent, this.received];
    const { grown, slack } = own;
    if (grown === 0 && slack === 0 && other.grown === 0 && !this.isDone) return 0;
    return 1 + slack / 4 + (frameHeader * grown) / 1024 + other.grown / 4096;
  }

  /** How many of those bytes may be its own: a peer may make frames small and may not compress. */
  mostRest(way: 'in' | 'out', isEncrypted: boolean): number {
    const [own, other] = way === 'in' ? [this.received, this.sent] : [this.sent, this.received];
    const records = isEncrypted ? 3 * recordOverhead + own.grown / 256 : 0;
    return Math.ceil(own.slack + frameHeader * own.grown + shortFrame * (2 + other.grown / 1024) + records);
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

function findHandle(stream: ServerHttp2Stream): DataHandle | null {
  if (!usable.streamCounters) return null;
  const handle = findOwnSymbol(stream, 'kHandle') as DataHandle | undefined;
  return typeof handle?.bytesRead === 'number' && typeof handle.bytesWritten === 'number' ? handle : null;
}
