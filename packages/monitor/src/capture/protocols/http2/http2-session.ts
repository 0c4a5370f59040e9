import type { ServerHttp2Session, Settings } from 'node:http2';
import type { Way } from './http2-flow.ts';
import { frameHeader, HeadFrames, pingFrame, prefaceBytes } from './http2-frames.ts';

/** Bytes that a peer may send before it must be told to go on, by default (RFC 9113, section 6.9.2). */
const defaultWindow = 65_535;

/** One direction of a connection, beside its streams. */
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

/** The frames of a connection that belong to no stream, as far as Node tells of them, and what both sides agreed on. */
export class SessionFrames {
  readonly in = new SessionFlow();
  readonly out = new SessionFlow();
  /** After so many bytes of DATA Node tells the client to go on; the client should do it as Node would. */
  updateAfter = halfOf(defaultWindow);
  clientUpdatesAfter = halfOf(defaultWindow);
  /** What may be sent on a stream before the client allows more. */
  clientWindow = defaultWindow;
  isListening = false;

  flow(way: Way): SessionFlow {
    return way === 'in' ? this.in : this.out;
  }

  /** @param onSettings the client has changed what may be sent. */
  listenTo(session: ServerHttp2Session, onSettings: () => void): void {
    this.isListening = true;
    const { initialWindowSize, headerTableSize } = session.localSettings;
    this.updateAfter = halfOf(initialWindowSize ?? defaultWindow);
    this.in.heads.limit(headerTableSize);
    this.#takeClientSettings(session.remoteSettings);
    session.on('ping', () => {
      this.in.overhead += pingFrame;
      this.out.overhead += pingFrame;
    });
    session.on('remoteSettings', (settings) => {
      this.in.overhead += frameHeader;
      this.out.overhead += frameHeader;
      this.#takeClientSettings(settings);
      onSettings();
    });
    session.on('localSettings', () => {
      this.in.overhead += frameHeader;
    });
  }

  /**
   * The first stream begins.
   *
   * @param sentBefore bytes that have left by then; `undefined` where they can't be told from a handshake.
   */
  open(sentBefore: number | undefined): void {
    this.in.overhead = prefaceBytes;
    if (sentBefore === undefined) return;
    // SETTINGS, whose entries are of 6 bytes each, and the acknowledgement of the client's.
    const isAcknowledged = sentBefore > 0 && (sentBefore - frameHeader) % 6 !== 0;
    this.out.overhead = (sentBefore === 0 ? 2 : isAcknowledged ? 0 : 1) * frameHeader;
  }

  /** What frames were thought to take is over. */
  startAnew(): void {
    for (const flow of [this.in, this.out]) flow.attributedOverhead = flow.overhead;
  }

  #takeClientSettings({ initialWindowSize, headerTableSize }: Settings): void {
    this.clientWindow = initialWindowSize ?? defaultWindow;
    this.clientUpdatesAfter = halfOf(this.clientWindow);
    this.out.heads.limit(headerTableSize);
  }
}

/** nghttp2 tells its peer to go on when half of a window was used. */
function halfOf(window: number): number {
  return Math.max(1, (window + 1) / 2);
}
