import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Session, Settings } from 'node:http2';
import type { UnattributedReason } from '../../../snapshot.ts';
import type { Accounts } from '../../accounts.ts';
import type { Attribution, Defer, Flow } from '../../attribution.ts';
import type { Exchange, ResponseState } from '../../exchange.ts';
import { frameHeader, HeadFrames, pingFrame, prefaceBytes, promisedId, shortFrame } from './http2-frames.ts';
import { StreamHooks } from './http2-hooks.ts';
import { SentBytes } from './http2-sent.ts';
import { StreamExchange, type StreamFlow, type StreamRequest } from './http2-stream.ts';

/** Bytes that a peer may send before it must be told to go on, by default (RFC 9113, section 6.9.2). */
const defaultWindow = 65_535;

/** What a client's first SETTINGS and a larger window for the connection take beside the preface, at most. */
const mostSettings = 6 * 8 + shortFrame;

type Way = 'in' | 'out';

/** One direction of the connection, beside its streams. */
class SessionFlow {
  /** Frames of the session itself, as long as they should be. */
  overhead = 0;
  attributedOverhead = 0;
  /** Attributed in all, to streams and to the session. */
  attributed = 0;
  /** DATA of all streams. */
  data = 0;
  /** WINDOW_UPDATE frames for that DATA, as far as they are expected in the other direction. */
  updates = 0;
  /** What nothing explained at the last reading: perhaps a part of a head that is still to come. */
  unexplained = 0;
  readonly heads = new HeadFrames();

  get pendingOverhead(): number {
    return Math.max(0, this.overhead - this.attributedOverhead);
  }
}

// One for all connections: it observes as long as anybody waits.
const sentBytes = new SentBytes();

/**
 * The streams of one HTTP/2 connection. What crossed the socket is exact, and so is the DATA of each stream; the
 * frames around it can't be seen from outside. Each direction is shared in this order:
 *
 * 1. DATA that has surely crossed, whose writes are through;
 * 2. heads and other frames, as long as they should be;
 * 3. writes that are under way, of which some part has crossed: with one such write, the part is what is left; with
 *    several, each gets only what the others can't have sent, and the rest waits until it is known;
 * 4. what is left then, by what each stream has moved, within what its frames can be longer than they should.
 */
export class Http2Attribution implements Attribution {
  readonly idleReason = 'http2_session';
  readonly #streams: StreamExchange[] = [];
  readonly #flow: Flow;
  readonly #accounts: Accounts;
  readonly #defer: Defer;
  readonly #isEncrypted: boolean;
  readonly #session = { in: new SessionFlow(), out: new SessionFlow() };
  #isListening = false;
  #isScheduled = false;
  #isClosed = false;
  #hasOpened: boolean;
  /** The preface and the first SETTINGS are still to be told from the first streams. */
  #isOpening = false;
  /** After so many bytes of DATA Node tells the client to go on. */
  #updateAfter = (defaultWindow + 1) / 2;
  #clientWindow = defaultWindow;
  #clientUpdatesAfter = (defaultWindow + 1) / 2;
  /** DATA that may still come for streams that are gone. */
  #strayBytes = 0;

  constructor(flow: Flow, accounts: Accounts, defer: Defer, { isEncrypted = false, isLate = false } = {}) {
    this.#flow = flow;
    this.#accounts = accounts;
    this.#defer = defer;
    this.#isEncrypted = isEncrypted;
    this.#hasOpened = isLate;
  }

  /** A request's head has come on a stream of its own, or the server has promised a stream. */
  begin(request: IncomingMessage, response: ResponseState): void {
    this.#flow.read();
    const { stream, rawHeaders, headers, parent } = request as unknown as StreamRequest;
    this.#listenTo(stream.session as ServerHttp2Session);
    if (!this.#hasOpened) this.#open();
    else if (this.#streams.length === 0) this.#startAnew();
    const exchange = new StreamExchange(request, response, stream);
    if (parent === null) {
      const { heads } = this.#session.in;
      heads.measureRaw(rawHeaders);
      exchange.received.addHead(heads);
    } else {
      const { heads } = this.#session.out;
      heads.measure(headers);
      const promising = StreamHooks.find(parent)?.exchange?.sent;
      promising?.addHead(heads);
      if (promising !== undefined) promising.overhead += promisedId;
    }
    exchange.sent.window = this.#clientWindow;
    this.#streams.push(exchange);
    const hooks = StreamHooks.find(stream);
    if (hooks !== undefined) hooks.exchange = exchange;
    this.#accounts.open(exchange);
  }

  /** The stream of this request goes; what the session still holds of it leaves in the same turn. */
  finish(stream: object): void {
    const exchange = StreamHooks.find(stream)?.exchange;
    if (exchange === undefined) return;
    this.#flow.read();
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

  #hasOtherUncertain(exchange: StreamExchange): boolean {
    return this.#streams.some((other) => other !== exchange && other.sent.uncertain > 0);
  }

  /** Streams of an extended CONNECT stay streams. */
  upgrade(): Attribution {
    return this;
  }

  find(request: object): Exchange | undefined {
    return StreamHooks.find('stream' in request ? (request.stream as object) : request)?.exchange;
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
    const restIn = this.#update(false);
    if (restIn > 0) this.#sampleLater();
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
    const restIn = this.#update(true);
    if (restIn >= 0) this.#shareRest('in', restIn);
    this.#endStreams(isClosing);
  }

  #open(): void {
    this.#hasOpened = true;
    this.#isOpening = true;
    this.#session.in.overhead = prefaceBytes;
    // SETTINGS, whose entries are of 6 bytes each, and the acknowledgement of the client's. Over TLS they can't be
    // told from the handshake.
    const left = this.#moved('out');
    this.#attributeSession('out', left);
    if (!this.#isEncrypted) {
      const isAcknowledged = left > 0 && (left - frameHeader) % 6 !== 0;
      this.#session.out.overhead = (left === 0 ? 2 : isAcknowledged ? 0 : 1) * frameHeader;
    }
    this.#defer(() => {
      this.#sampleWhole(false);
      this.#isOpening = false;
    });
  }

  /** Frames that belong to no stream, as far as Node tells of them. */
  #listenTo(session: ServerHttp2Session): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const { in: received, out: sent } = this.#session;
    const { initialWindowSize, headerTableSize } = session.localSettings;
    this.#updateAfter = halfOf(initialWindowSize ?? defaultWindow);
    received.heads.limit(headerTableSize);
    this.#takeClientSettings(session.remoteSettings);
    session.on('ping', () => {
      received.overhead += pingFrame;
      sent.overhead += pingFrame;
    });
    session.on('remoteSettings', (settings) => {
      received.overhead += frameHeader;
      sent.overhead += frameHeader;
      this.#takeClientSettings(settings);
    });
    session.on('localSettings', () => {
      received.overhead += frameHeader;
    });
  }

  #forgetWindows(): void {
    for (const { sent } of this.#streams) sent.window = Number.POSITIVE_INFINITY;
  }

  #takeClientSettings({ initialWindowSize, headerTableSize }: Settings): void {
    this.#clientWindow = initialWindowSize ?? defaultWindow;
    this.#clientUpdatesAfter = halfOf(this.#clientWindow);
    this.#forgetWindows();
    this.#session.out.heads.limit(headerTableSize);
  }

  /** No stream was open: what has left since is the session's, and so is what its frames were thought to take. */
  #startAnew(): void {
    this.#attributeSession('out', this.#moved('out'));
    this.#strayBytes = 0;
    for (const flow of [this.#session.in, this.#session.out]) flow.attributedOverhead = flow.overhead;
  }

  /** Attributes what is known, and returns what is left of the input; -1 where frames are missing. */
  #update(isWhole: boolean): number {
    const { heads } = this.#session.out;
    for (const exchange of this.#streams) {
      exchange.read(heads);
      this.#addUpdates(exchange);
      // What was cut off has left whole once nothing waits for the kernel.
      if (exchange.isDone && !exchange.isAwaited && !this.#flow.hasUnsent) exchange.concludeSent();
    }
    const restIn = this.#shareKnown('in');
    // Some of what is left may have allowed more to be sent, except what a client begins with.
    const mayAllowMore = restIn >= shortFrame && !this.#isOpening;
    if (mayAllowMore && isWhole) this.#forgetWindows();
    const restOut = this.#shareKnown('out');
    if (restOut >= 0 && (isWhole || !mayAllowMore)) this.#shareRest('out', this.#shareUncertain(restOut));
    return restIn;
  }

  /** Node tells the client to go on, on the stream and on the connection. */
  #addUpdates(exchange: StreamExchange): void {
    const { in: received, out: sent } = this.#session;
    exchange.sent.overhead += exchange.countUpdates(this.#updateAfter) * shortFrame;
    received.data += exchange.received.takeGrown();
    const updates = Math.floor(received.data / this.#updateAfter);
    sent.overhead += (updates - received.updates) * shortFrame;
    received.updates = updates;
    sent.data += exchange.sent.takeGrown();
  }

  #moved(way: Way): number {
    return this.#flow[way] - this.#session[way].attributed;
  }

  #attributeSession(way: Way, bytes: number, reason: UnattributedReason = 'http2_session'): void {
    if (bytes <= 0) return;
    this.#session[way].attributed += bytes;
    this.#accounts.addUnattributed(reason, way === 'in' ? bytes : 0, way === 'out' ? bytes : 0);
  }

  /** What surely is whose. What is left is returned; -1 where frames are missing that should have crossed. */
  #shareKnown(way: Way): number {
    const moved = this.#moved(way);
    return moved <= 0 ? -1 : this.#shareOverhead(way, this.#shareData(way, moved));
  }

  /** DATA that has surely crossed. */
  #shareData(way: Way, bytes: number): number {
    let left = bytes;
    for (const exchange of this.#streams) {
      const flow = flowOf(exchange, way);
      left -= this.#give(way, flow, 'data', Math.min(left, flow.pendingData));
    }
    return left;
  }

  /** Heads and other frames, those of streams that end first. */
  #shareOverhead(way: Way, bytes: number): number {
    let left = bytes;
    for (const exchange of this.#streams) {
      if (!exchange.isDone) continue;
      const flow = flowOf(exchange, way);
      left -= this.#give(way, flow, 'overhead', Math.min(left, flow.pendingOverhead));
    }
    const session = this.#session[way];
    let pending = session.pendingOverhead;
    for (const exchange of this.#streams) pending += flowOf(exchange, way).pendingOverhead;
    const part = pending > left ? left / pending : 1;
    const own = Math.floor(session.pendingOverhead * part);
    session.attributedOverhead += own;
    this.#attributeSession(way, own);
    left -= own;
    for (const exchange of this.#streams) {
      const flow = flowOf(exchange, way);
      left -= this.#give(way, flow, 'overhead', Math.floor(flow.pendingOverhead * part));
    }
    return part < 1 ? -1 : left;
  }

  /** DATA of writes that are under way. */
  #shareUncertain(bytes: number): number {
    let uncertain = this.#sumUncertain();
    if (bytes > uncertain) {
      this.#forgetWindows();
      uncertain = this.#sumUncertain();
    }
    const crossed = Math.min(bytes, uncertain);
    for (const { sent } of this.#streams) {
      const own = sent.uncertain;
      if (own > 0) this.#give('out', sent, 'data', Math.max(0, crossed - (uncertain - own)));
    }
    return bytes - crossed;
  }

  #sumUncertain(): number {
    let uncertain = 0;
    for (const { sent } of this.#streams) uncertain += sent.uncertain;
    return uncertain;
  }

  /** What the frames should not have needed. */
  #shareRest(way: Way, bytes: number): void {
    let rest = bytes;
    if (this.#isOpening) {
      const own = way === 'out' ? rest : Math.min(rest, mostSettings);
      this.#attributeSession(way, own, way === 'out' && this.#isEncrypted ? 'tls_handshake' : 'http2_session');
      rest -= own;
    } else if (way === 'in' && this.#strayBytes > 0) {
      const stray = Math.min(rest, this.#strayBytes);
      this.#strayBytes -= stray;
      this.#attributeSession(way, stray);
      rest -= stray;
    }
    if (way === 'in') rest = this.#takeUpdates(rest);
    rest = this.#shareByWeight(way, rest);
    // Part of a head is counted before the head is known; what is sent is known before.
    const session = this.#session[way];
    const foreign = way === 'out' ? rest : Math.min(rest, session.unexplained);
    this.#attributeSession(way, foreign);
    session.unexplained = rest - foreign;
  }

  /** The client tells Node to go on, if it does it as Node would: on each stream, and on the connection. */
  #takeUpdates(bytes: number): number {
    let left = bytes;
    for (const { received, sent } of this.#streams) {
      const taken = sent.takeUpdates(left, this.#clientUpdatesAfter);
      if (taken === 0) continue;
      received.overhead += taken;
      left -= this.#give('in', received, 'overhead', taken);
    }
    const { out: session } = this.#session;
    const expected = Math.floor(session.data / this.#updateAfter) - session.updates;
    const taken = Math.max(0, Math.min(left, expected * shortFrame));
    // A client whose window for the connection is larger than that for a stream sends fewer, or none.
    session.updates += Math.ceil(taken / shortFrame) + Math.ceil((expected - taken / shortFrame) / 2);
    this.#attributeSession('in', taken);
    return left - taken;
  }

  #shareByWeight(way: Way, bytes: number): number {
    let weights = 0;
    for (const exchange of this.#streams) weights += exchange.weight(way);
    let rest = bytes;
    for (const exchange of this.#streams) {
      const weight = exchange.weight(way);
      if (weight === 0) continue;
      const most = exchange.mostRest(way, this.#isEncrypted);
      const flow = flowOf(exchange, way);
      const share = Math.min(most, Math.round((rest * weight) / weights));
      weights -= weight;
      rest -= share;
      flow.overhead += share;
      this.#give(way, flow, 'overhead', share);
      flow.settle();
    }
    return rest;
  }

  #give(way: Way, flow: StreamFlow, kind: 'data' | 'overhead', bytes: number): number {
    if (kind === 'data') flow.addData(bytes);
    else flow.addOverhead(bytes);
    this.#session[way].attributed += bytes;
    return bytes;
  }

  #endStreams(isClosing: boolean): void {
    let kept = 0;
    for (const exchange of this.#streams) {
      const { isDone, isAwaited, sent } = exchange;
      const isFinished = isClosing || (isDone && !isAwaited && !(sent.pendingFrames > 0 && this.#flow.hasUnsent));
      this.#accounts.attribute(exchange, exchange.received.takeGained(), exchange.sent.takeGained(), isFinished);
      if (isFinished) this.#end(exchange);
      else this.#streams[kept++] = exchange;
    }
    this.#streams.length = kept;
  }

  #end(exchange: StreamExchange): void {
    if (!exchange.isRequestWhole) this.#strayBytes += 2 * this.#updateAfter;
    const hooks = StreamHooks.find(exchange.stream);
    if (hooks !== undefined) hooks.exchange = undefined;
    this.#accounts.end(exchange, exchange.isAborted);
  }
}

function flowOf({ received, sent }: StreamExchange, way: Way): StreamFlow {
  return way === 'in' ? received : sent;
}

/** nghttp2 tells its peer to go on when half of a window was used. */
function halfOf(window: number): number {
  return Math.max(1, (window + 1) / 2);
}
