import type { IncomingMessage } from 'node:http';

/** An exchange's bytes: they grow while it is open and are final once it has `ended`. */
export interface ExchangeBytes {
  readonly in: number;
  readonly out: number;
  readonly ended: boolean;
}

/** What is known of an exchange's response. Node's `ServerResponse` is one. */
export interface ResponseState {
  readonly headersSent: boolean;
  readonly statusCode: number;
  /** All of it was handed to the system. */
  readonly writableFinished: boolean;
}

type MutableBytes = { -readonly [Name in keyof ExchangeBytes]: ExchangeBytes[Name] };
// Shared by all copies of this package in a process.
const bytesKey: unique symbol = Symbol.for('weighbridge.bytes');
type Holder = { [bytesKey]?: ExchangeBytes; stream?: Holder };

/** One request and its response. Once it has ended it refers to neither of them: its bytes lie on the request. */
export class Exchange {
  /** `null` once it has ended. */
  request: IncomingMessage | null = null;
  response: ResponseState | null = null;
  /** As received: applications rewrite `request.method`. */
  method = '';
  /** Bytes attributed so far, whether or not the labels are known. */
  in = 0;
  out = 0;
  /** One for each account of the connection, in the same order. */
  accounts: object[] = [];
  /** The accounts of the connection that `accounts` was made for. */
  owners: readonly object[] | null = null;
  #bytes: MutableBytes | null = null;

  protected open(request: IncomingMessage, response: ResponseState): void {
    this.request = request;
    this.response = response;
    this.method = request.method as string;
    this.in = 0;
    this.out = 0;
    this.#bytes = null;
  }

  /** The object that the bytes are kept on. */
  protected get holder(): object {
    return this.request as object;
  }

  /** Ended now, it would have ended before request and response were complete. */
  get isAborted(): boolean {
    return !(this.response?.writableFinished && this.request?.complete);
  }

  /** To be called by {@link Accounts} alone. */
  add(bytesIn: number, bytesOut: number): void {
    this.in += bytesIn;
    this.out += bytesOut;
    const bytes = this.#bytes;
    if (bytes === null) return;
    bytes.in = this.in;
    bytes.out = this.out;
  }

  /** The bytes as an object that follows them to the end. */
  follow(): ExchangeBytes {
    this.#bytes ??= { in: this.in, out: this.out, ended: false };
    return this.#bytes;
  }

  /** To be called by {@link Accounts} alone: leaves the bytes on the request and lets go of it. */
  close(): void {
    const bytes = this.#bytes ?? { in: this.in, out: this.out, ended: true };
    bytes.ended = true;
    (this.holder as Holder)[bytesKey] = bytes;
    this.#bytes = null;
    this.request = null;
    this.response = null;
  }
}

/** The bytes of an exchange that has ended, by its request or its HTTP/2 stream. */
export function keptBytes(request: object): ExchangeBytes | undefined {
  return (request as Holder)[bytesKey] ?? (request as Holder).stream?.[bytesKey];
}
