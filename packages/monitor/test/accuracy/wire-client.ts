import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Frame, ResponseFrames } from './response-frames.ts';

/** Text kept to look for what came; longer transfers are counted only. */
const keptText = 65_536;

/** A client that knows the truth: a plain socket and its own sums. */
export class WireClient {
  /** Where bytes are counted. */
  readonly raw: Socket;
  /** Where text goes in and out: the same socket, or the TLS one on top of it. */
  readonly stream: Socket;
  readonly frames = new ResponseFrames();
  /** Plaintext. */
  text = '';
  #awaited = 0;
  #marked = { sent: 0, received: 0 };
  #receivedRaw = 0;
  #waiting: (() => void)[] = [];
  readonly #onMove: () => void;

  constructor(raw: Socket, stream: Socket | TLSSocket, onMove: () => void) {
    this.raw = raw;
    this.stream = stream;
    this.#onMove = onMove;
    stream.on('data', (data: Buffer) => this.#take(data));
    for (const event of ['close', 'end', 'error', 'session']) stream.on(event, () => this.#wake());
    // What came with a reset or an end still counts; the socket forgets it with its handle.
    raw.on('close', () => {
      this.frames.end();
      this.#wake();
    });
    raw.on('error', () => this.#wake());
  }

  /** Bytes given to the kernel, TLS included. */
  get sent(): number {
    return this.raw.bytesWritten;
  }

  get received(): number {
    return this.stream === this.raw ? this.#receivedRaw : this.raw.bytesRead;
  }

  /** What the raw socket moved beside the plaintext, once its handshake was done. */
  get overhead(): { sent: number; received: number } {
    const { raw, stream } = this;
    if (stream === raw) return { sent: 0, received: 0 };
    return { sent: raw.bytesWritten - stream.bytesWritten, received: raw.bytesRead - stream.bytesRead };
  }

  /** Sends and waits until the kernel has it; gives the bytes of `text`. */
  async send(text: string | Buffer): Promise<number> {
    const data = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
    await new Promise<void>((resolve) => this.stream.write(data, () => resolve()));
    this.#onMove();
    return data.length;
  }

  /** The next response that nobody has waited for. */
  async response(): Promise<Frame> {
    const index = this.#awaited++;
    await this.until(() => this.frames.frames.length > index);
    return this.frames.frames[index] as Frame;
  }

  /** One request, one response: what both moved on the raw socket. */
  async ask(text: string | Buffer): Promise<{ sent: number; received: number; status: number }> {
    this.mark();
    await this.send(text);
    const { status } = await this.response();
    return { ...this.mark(), status };
  }

  /** What the raw socket moved since the last mark. */
  mark(): { sent: number; received: number } {
    const before = this.#marked;
    this.#marked = { sent: this.sent, received: this.received };
    return { sent: this.sent - before.sent, received: this.received - before.received };
  }

  /** Until `condition` holds, looked at whenever something came; fails when the connection ends before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.raw.destroyed) throw new Error(`connection ended before its time; last: ${this.text.slice(-200)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async seen(text: string): Promise<void> {
    await this.until(() => this.text.includes(text));
  }

  /** Until a chunk of so many bytes has come whole, in a response that goes on. */
  chunk(bytes: number): Promise<void> {
    return this.until(() => this.frames.open > bytes && this.text.endsWith('\r\n'));
  }

  async closed(): Promise<void> {
    if (!this.raw.destroyed) await once(this.raw, 'close').catch(() => {});
  }

  /** Half-closes, and waits for the other side's end. */
  async end(): Promise<void> {
    this.stream.end();
    await this.closed();
  }

  async reset(): Promise<void> {
    this.raw.resetAndDestroy();
    await this.closed();
  }

  #take(data: Buffer): void {
    if (this.stream === this.raw) this.#receivedRaw += data.length;
    this.frames.take(data);
    this.text = (this.text + data.toString('latin1', Math.max(0, data.length - keptText))).slice(-keptText);
    this.#onMove();
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
