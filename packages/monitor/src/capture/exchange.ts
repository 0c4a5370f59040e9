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
/** Of an exchange that has no request yet. */
const nothing: MutableBytes = { in: 0, out: 0, ended: false };
type Holder = { [bytesKey]?: ExchangeBytes; stream?: Holder };

/**
 * One request and its response. Its bytes lie on the request from the beginning: at the end, when an application has
 * given the request properties of its own, one more costs several times as much. Once it has ended it refers to
 * neither of them.
 */
export class Exchange {
  /** `null` once it has ended. */
  request: IncomingMessage | null = null;
  response: ResponseState | null = null;
  /** As received: applications rewrite `request.method`. */
  method = '';
  /** As received, too; '' once it has ended. */
  url = '';
  /** One for each account of the connection, in the same order. */
  accounts: object[] = [];
  /** The accounts of the connection that `accounts` was made for. */
  owners: readonly object[] | null = null;
  #bytes = nothing;

  protected open(request: IncomingMessage, response: ResponseState): void {
    this.request = request;
    this.response = response;
    this.method = request.method as string;
    // A CONNECT of HTTP/2 has none.
    this.url = request.url ?? '';
    this.#bytes = { in: 0, out: 0, ended: false };
    (this.holder as Holder)[bytesKey] = this.#bytes;
  }

  /** Bytes attributed so far, whether or not the labels are known. */
  get in(): number {
    return this.#bytes.in;
  }

  get out(): number {
    return this.#bytes.out;
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
    this.#bytes.in += bytesIn;
    this.#bytes.out += bytesOut;
  }

  /** To be called by {@link Accounts} alone: lets go of the request, with its bytes on it. */
  close(): void {
    this.#bytes.ended = true;
    this.request = null;
    this.response = null;
    this.url = '';
  }
}

/** The bytes of an exchange that is open or has ended, by its request or its HTTP/2 stream. */
export function bytesOn(request: object): ExchangeBytes | undefined {
  return (request as Holder)[bytesKey] ?? (request as Holder).stream?.[bytesKey];
}
