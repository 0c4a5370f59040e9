import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Accounts } from '../../accounts.ts';
import type { Attribution, Defer, Flow } from '../../attribution.ts';
import type { Exchange, ResponseState } from '../../exchange.ts';
import { promisedId, shortFrame } from './http2-frames.ts';
import { StreamHooks } from './http2-hooks.ts';
import type { StreamRequest } from './http2-request.ts';
import { SentBytes } from './http2-sent.ts';
import { SessionFrames } from './http2-session.ts';
import { Http2Sharing } from './http2-sharing.ts';
import { StreamExchange } from './http2-stream.ts';

// One for all connections: it observes as long as anybody waits.
const sentBytes = new SentBytes();

/**
 * The streams of one HTTP/2 connection, from their heads to their ends. What crossed the socket is exact, and so is
 * the DATA of each stream; the frames around it can't be seen from outside. {@link Http2Sharing} says whose they are.
 */
export class Http2Attribution implements Attribution {
  readonly idleReason = 'http2_session';
  readonly #streams: StreamExchange[] = [];
  readonly #session = new SessionFrames();
  readonly #sharing: Http2Sharing;
  readonly #flow: Flow;
  readonly #accounts: Accounts;
  readonly #defer: Defer;
  readonly #isEncrypted: boolean;
  #isScheduled = false;
  #isClosed = false;
  #hasOpened: boolean;

  constructor(flow: Flow, accounts: Accounts, defer: Defer, { isEncrypted = false, isLate = false } = {}) {
    this.#flow = flow;
    this.#accounts = accounts;
    this.#defer = defer;
    this.#isEncrypted = isEncrypted;
    this.#hasOpened = isLate;
    this.#sharing = new Http2Sharing(this.#streams, this.#session, flow, accounts, isEncrypted);
  }

  /** A request's head has come on a stream of its own, or the server has promised a stream. */
  begin(request: IncomingMessage, response: ResponseState): void {
    const { stream, rawHeaders, headers, parent } = request as unknown as StreamRequest;
    if (!this.#session.isListening) {
      this.#session.listenTo(stream.session as ServerHttp2Session, () => this.#sharing.forgetWindows());
    }
    if (this.#streams.length === 0) {
      this.#flow.read();
      if (this.#hasOpened) this.#startAnew();
      else this.#open();
    }
    const exchange = new StreamExchange(request, response, stream);
    const { in: received, out: sent, clientWindow } = this.#session;
    if (parent === null) {
      received.heads.measureRaw(rawHeaders);
      exchange.received.addHead(received.heads);
    } else {
      sent.heads.measure(headers);
      StreamHooks.find(parent)?.exchange?.sent.addHead(sent.heads, promisedId);
    }
    exchange.sent.window = clientWindow;
    this.#streams.push(exchange);
    StreamHooks.assign(stream, exchange);
    this.#accounts.open(exchange);
  }

  /** The stream of this request goes; what the session still holds of it leaves in the same turn. */
  finish(stream: object): void {
    const exchange = StreamHooks.find(stream)?.exchange;
    if (exchange === undefined) return;
    exchange.readLast(this.#session.out.heads);
    const { data, most } = exchange.sent;
    if (most > data && (exchange.isDoubtful || this.#hasOtherUncertain(exchange))) {
      exchange.isAwaited = true;
      sentBytes.ask(exchange.stream.id as number, data, most, (bytes) => {
        exchange.settleSent(bytes);
        this.#sampleLater();
      });
    }
    this.#sampleLater();
  }

  /** Streams of an extended CONNECT stay streams. */
  upgrade(): Attribution {
    return this;
  }

  get isIdle(): boolean {
    return this.#streams.length === 0;
  }

  get exchanges(): readonly Exchange[] {
    return this.#streams;
  }

  /**
   * Node calls the application while it is still busy with what it has read: bytes are counted by then whose frames
   * nobody has seen. What nothing explains is therefore looked at again in a turn of the event loop of its own.
   */
  sample(): void {
    if (this.#isClosed) return;
    this.#flow.read();
    if (!this.#hasOpened) return;
    this.#readStreams();
    if (this.#sharing.share(false) > 0) this.#sampleLater();
    this.#endStreams(false);
  }

  close(): void {
    this.#sampleWhole(true);
    this.#isClosed = true;
  }

  #sampleLater(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#defer(() => {
      this.#isScheduled = false;
      this.#sampleWhole(false);
    });
  }

  /** Nothing that was read is still to be told. */
  #sampleWhole(isClosing: boolean): void {
    if (this.#isClosed) return;
    this.#flow.read();
    this.#readStreams();
    const restIn = this.#sharing.share(true);
    if (restIn >= 0) this.#sharing.shareRest('in', restIn);
    this.#endStreams(isClosing);
  }

  #open(): void {
    this.#hasOpened = true;
    const sentBefore = this.#sharing.moved('out');
    this.#sharing.attributeSession('out', sentBefore);
    this.#session.open(this.#isEncrypted ? undefined : sentBefore);
    this.#sharing.isOpening = true;
    this.#defer(() => {
      this.#sampleWhole(false);
      this.#sharing.isOpening = false;
    });
  }

  /** No stream was open: what has left since is the session's. */
  #startAnew(): void {
    this.#sharing.attributeSession('out', this.#sharing.moved('out'));
    this.#sharing.strayBytes = 0;
    this.#session.startAnew();
  }

  #hasOtherUncertain(exchange: StreamExchange): boolean {
    return this.#streams.some((other) => other !== exchange && other.sent.uncertain > 0);
  }

  #readStreams(): void {
    const { heads } = this.#session.out;
    const { hasUnsent } = this.#flow;
    for (const exchange of this.#streams) {
      exchange.read(heads);
      this.#addUpdates(exchange);
      // What was cut off has left whole once nothing waits for the kernel.
      if (exchange.isDone && !exchange.isAwaited && !hasUnsent) exchange.concludeSent();
    }
  }

  /** Node tells the client to go on, on the stream and on the connection. */
  #addUpdates(exchange: StreamExchange): void {
    const { in: received, out: sent, updateAfter } = this.#session;
    exchange.sent.overhead += exchange.countUpdates(updateAfter) * shortFrame;
    received.data += exchange.received.takeGrown();
    const updates = Math.floor(received.data / updateAfter);
    sent.overhead += (updates - received.updates) * shortFrame;
    received.updates = updates;
    sent.data += exchange.sent.takeGrown();
  }

  #endStreams(isClosing: boolean): void {
    let kept = 0;
    for (const exchange of this.#streams) {
      const { isDone, isAwaited, received, sent } = exchange;
      const isFinished = isClosing || (isDone && !isAwaited && !(sent.pendingFrames > 0 && this.#flow.hasUnsent));
      this.#accounts.attribute(exchange, received.takeGained(), sent.takeGained(), isFinished);
      if (isFinished) this.#end(exchange);
      else this.#streams[kept++] = exchange;
    }
    this.#streams.length = kept;
  }

  #end(exchange: StreamExchange): void {
    if (!exchange.isRequestWhole) this.#sharing.strayBytes += 2 * this.#session.updateAfter;
    StreamHooks.assign(exchange.stream, undefined);
    this.#accounts.end(exchange, exchange.isAborted);
  }
}
