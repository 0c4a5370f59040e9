/** A response as it came: final status, and all its bytes with the interim ones before it. */
export interface Frame {
  readonly status: number;
  readonly bytes: number;
}

type Part = 'head' | 'body' | 'size' | 'chunk' | 'trailers' | 'close';

/** Cuts what a client received into responses by HTTP/1.1's own framing. Written from RFC 9112, no HTTP library. */
export class ResponseFrames {
  /** HEAD: responses end with their head. */
  bodiless = false;
  readonly frames: Frame[] = [];
  #part: Part = 'head';
  #line = '';
  #lines: string[] = [];
  #left = 0;
  #bytes = 0;
  #status = 0;

  /** Bytes of a response that is not complete yet. */
  get open(): number {
    return this.#bytes;
  }

  take(data: Buffer): void {
    let at = 0;
    while (at < data.length) at = this.#left > 0 ? this.#skip(data, at) : this.#readLine(data, at);
  }

  /** The connection has ended: so has a response without a length. */
  end(): void {
    if (this.#part === 'close') this.#complete();
  }

  #skip(data: Buffer, at: number): number {
    const length = Math.min(this.#left, data.length - at);
    this.#left -= length;
    this.#bytes += length;
    if (this.#left === 0 && this.#part === 'body') this.#complete();
    return at + length;
  }

  #readLine(data: Buffer, at: number): number {
    const end = data.indexOf(10, at);
    const next = end < 0 ? data.length : end + 1;
    this.#line += data.toString('latin1', at, next);
    this.#bytes += next - at;
    if (end < 0) return next;
    const line = this.#line.trimEnd();
    this.#line = '';
    this.#onLine(line);
    return next;
  }

  #onLine(line: string): void {
    if (this.#part === 'size') this.#onSize(line);
    else if (this.#part === 'chunk') this.#part = 'size';
    else if (line !== '') this.#onField(line);
    else if (this.#part === 'trailers') this.#complete();
    else this.#onHead();
  }

  #onField(line: string): void {
    if (this.#part === 'head') this.#lines.push(line);
  }

  #onSize(line: string): void {
    const size = Number.parseInt(line, 16);
    this.#part = size === 0 ? 'trailers' : 'chunk';
    this.#left = size;
  }

  #onHead(): void {
    const head = this.#lines.join('\n').toLowerCase();
    this.#lines = [];
    this.#status = Number(head.slice(9, 12));
    // An interim response belongs to the final one after it.
    if (this.#status < 200 && this.#status !== 101) return;
    const length = /^content-length: *(\d+)$/m.exec(head)?.[1];
    if (this.bodiless || this.#status === 204 || this.#status === 304 || length === '0') this.#complete();
    else if (/^transfer-encoding: *chunked$/m.test(head)) this.#part = 'size';
    else if (length === undefined) this.#become('close', Number.POSITIVE_INFINITY);
    else this.#become('body', Number(length));
  }

  #become(part: Part, left: number): void {
    this.#part = part;
    this.#left = left;
  }

  #complete(): void {
    this.frames.push({ status: this.#status, bytes: this.#bytes });
    this.#part = 'head';
    this.#left = 0;
    this.#bytes = 0;
  }
}
