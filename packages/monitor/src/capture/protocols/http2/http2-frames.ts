import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { findOwnSymbol } from '../../own-symbol.ts';
import { HpackSize } from './hpack-size.ts';

/** Bytes of a frame's header, and the payload of a frame at most by default (RFC 9113, sections 4.1, 4.2). */
export const frameHeader = 9;
const framePayload = 16_384;
/** WINDOW_UPDATE or RST_STREAM (RFC 9113, sections 6.9, 6.4). */
export const shortFrame = frameHeader + 4;
/** PING, and its answer (RFC 9113, section 6.7). */
export const pingFrame = frameHeader + 8;
/** The client's preface and the empty SETTINGS frame that must follow it (RFC 9113, section 3.4). */
export const prefaceBytes = 24 + frameHeader;
/** Of a promise, beside its header block: the number of the stream (RFC 9113, section 6.6). */
export const promisedId = 4;

/** DATA as frames as full as they can be. */
export function dataFramesLength(data: number): number {
  return data + Math.ceil(data / framePayload) * frameHeader;
}

/** How long the heads of one direction of a connection are, each compressed with those before it. */
export class HeadFrames {
  readonly #table = new HpackSize();
  /** Of the last head: its frames, and how much longer they are where a peer compresses nothing. */
  length = 0;
  slack = 0;
  #block = 0;
  #plain = 0;

  /** The peer allows a dynamic table of so many bytes. */
  limit(tableBytes: number | undefined): void {
    if (tableBytes !== undefined) this.#table.limit(tableBytes);
  }

  /** A head as names and values by turns, as received. */
  measureRaw(head: readonly string[]): void {
    this.#block = this.#plain = 0;
    for (let index = 0; index < head.length; index += 2) this.#add(head[index] as string, head[index + 1] as string);
    this.#measure();
  }

  /** A head as Node keeps what it sends. */
  measure(head: OutgoingHttpHeaders | IncomingHttpHeaders): void {
    this.#block = this.#plain = 0;
    const sensitive = findOwnSymbol(head, 'sensitiveHeaders') as readonly string[] | undefined;
    for (const name in head) {
      const value = head[name];
      if (value === undefined || value === null) continue;
      const isSensitive = sensitive?.includes(name);
      if (Array.isArray(value)) for (const each of value) this.#add(name, String(each), isSensitive);
      else this.#add(name, typeof value === 'string' ? value : String(value), isSensitive);
    }
    this.#measure();
  }

  #add(name: string, value: string, isSensitive = false): void {
    this.#block += this.#table.add(name, value, isSensitive);
    // Without compression: the kind of the field, and two lengths.
    this.#plain += name.length + value.length + 3;
  }

  #measure(): void {
    this.length = this.#block + Math.max(1, Math.ceil(this.#block / framePayload)) * frameHeader;
    this.slack = Math.max(0, this.#plain - this.#block);
  }
}
