import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
  type Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import { FrameRelay } from '../support/frame-relay.ts';
import type { Amount, ExpectedExchange, ExpectedRest } from './scenario.ts';

/** What a stream's heads and frame headers may be off by, each way: the bound that docs/ACCURACY.md states. */
const frameBound = 78;
/** WINDOW_UPDATE frames for what crossed in the other direction: 13 bytes for each 32,768, on stream and connection. */
const updateBytes = 13;
const updateAfter = 32_768;
/** TLS around a record, in both versions at most; each frame may have one of its own. */
const recordBytes = 29;

export interface PeerOptions {
  /** TLS between relay and server. */
  readonly isSecure?: boolean;
  readonly settings?: Settings;
  /** Of the connection, so that one stream that stalls doesn't stall the others. */
  readonly connectionWindow?: number;
}

/** What a stream's exchange should be counted as. */
export type StreamLabels = Pick<ExpectedExchange, 'method' | 'endpoint' | 'status' | 'aborted'>;

/** A client of HTTP/2 behind a relay that reads the frames: what each stream moved is known. */
export class Http2Peer {
  readonly session: ClientHttp2Session;
  readonly relay: FrameRelay;
  readonly #isSecure: boolean;

  private constructor(session: ClientHttp2Session, relay: FrameRelay, isSecure: boolean) {
    this.session = session;
    this.relay = relay;
    this.#isSecure = isSecure;
  }

  static async connect(
    port: number,
    { isSecure = false, settings, connectionWindow }: PeerOptions,
  ): Promise<Http2Peer> {
    const relay = await FrameRelay.start(port, isSecure);
    const session = connect(`http://127.0.0.1:${relay.port}`, settings ? { settings } : {});
    session.on('error', () => {});
    await once(session, 'remoteSettings');
    if (connectionWindow !== undefined) session.setLocalWindowSize(connectionWindow);
    return new Http2Peer(session, relay, isSecure);
  }

  /** Where bytes are counted, as with clients of HTTP/1.1. */
  get raw(): Socket {
    return this.relay.sockets[0] as Socket;
  }

  get sent(): number {
    return this.relay.total.in;
  }

  get received(): number {
    return this.relay.total.out;
  }

  get overhead(): { sent: number; received: number } {
    const plain = this.relay.plain[0] as Socket;
    return { sent: this.sent - plain.bytesWritten, received: this.received - plain.bytesRead };
  }

  /** Sends a request; the response isn't read. */
  open(path: string, headers: OutgoingHttpHeaders = {}, body?: string | Buffer): ClientHttp2Stream {
    const method = headers[':method'] ?? (body === undefined ? 'GET' : 'POST');
    const endStream = body === undefined && method !== 'CONNECT';
    const stream = this.session.request({ ':path': path, ...headers, ':method': method }, { endStream });
    stream.on('error', () => {});
    if (body !== undefined) stream.end(body);
    return stream;
  }

  /** Sends a request and reads the response to its end. */
  async fetch(path: string, headers?: OutgoingHttpHeaders, body?: string | Buffer): Promise<ClientHttp2Stream> {
    const stream = this.open(path, headers, body);
    stream.resume();
    await closed(stream);
    return stream;
  }

  /** Until nothing moves any more, so that the last frame of all streams has crossed. */
  async quiet(): Promise<void> {
    for (let before = -1; before !== this.sent + this.received; ) {
      before = this.sent + this.received;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  async leave(): Promise<void> {
    this.session.close();
    if (!this.session.destroyed) await once(this.session, 'close');
    if (!this.raw.destroyed) await once(this.raw, 'close');
    await this.relay.stop();
  }

  /** What a stream moved, as the relay read it. */
  expected(id: number, labels: StreamLabels): ExpectedExchange {
    const { in: bytesIn, out, dataIn, dataOut, framesIn, framesOut } = this.relay.of(id);
    return {
      ...labels,
      in: this.#near(bytesIn, dataIn, framesIn, dataOut),
      out: this.#near(out, dataOut, framesOut, dataIn),
    };
  }

  /** What belongs to no stream: as much as the streams are off by, since the sum is exact. */
  rest(): ExpectedRest {
    const bound = { in: 0, out: 0 };
    for (const [id, stream] of this.relay.streams) {
      if (id === 0) continue;
      bound.in += this.#bound(stream.framesIn, stream.dataOut);
      bound.out += this.#bound(stream.framesOut, stream.dataIn);
    }
    const session = this.relay.of(0);
    const most = (way: 'in' | 'out', frames: number) => session[way] + bound[way] + this.#records(frames);
    return { reason: 'http2_session', in: [0, most('in', session.framesIn)], out: [0, most('out', session.framesOut)] };
  }

  /** DATA is exact: never less than it. */
  #near(bytes: number, data: number, frames: number, dataOther: number): Amount {
    const bound = this.#bound(frames, dataOther);
    return [Math.max(data, bytes - bound), bytes + bound];
  }

  #bound(frames: number, dataOther: number): number {
    return frameBound + 2 * Math.ceil(dataOther / updateAfter) * updateBytes + this.#records(frames);
  }

  #records(frames: number): number {
    return this.#isSecure ? 2 * frames * recordBytes : 0;
  }
}

/** Until a stream is closed, whatever it was closed by. */
export async function closed(stream: ClientHttp2Stream): Promise<void> {
  if (!stream.closed || !stream.destroyed) await once(stream, 'close').catch(() => {});
}
