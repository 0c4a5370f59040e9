import type { Socket } from 'node:net';
import { acceptedBytes, type CountingHandle, handleOf } from './counters.ts';
import { Exchange } from './exchange.ts';
import type { Http2Connection } from './http2-connection.ts';
import type { MessageState } from './parser-state.ts';
import { onRefusedWrite } from './refused-writes.ts';
import { TlsConnection } from './tls.ts';

/** What one server socket moved, and which exchanges are open on it. */
export class Connection {
  readonly socket: Socket;
  readonly handle: CountingHandle | null;
  /** Only where the server speaks TLS. */
  readonly tls: TlsConnection | null;
  /** Only where HTTP/2 is spoken. */
  http2: Http2Connection | null = null;
  /** Last readings. */
  seenIn = 0;
  seenOut = 0;
  /** Of these, given to an exchange or to a reason. */
  settledIn = 0;
  settledOut = 0;
  /** Exchanges in order of arrival. Input may be of any of them, output is of the first. */
  first: Exchange | null = null;
  last: Exchange | null = null;
  /** Its place in the list of open connections; -1 when closed. */
  index = -1;
  errorCode: string | undefined;
  /** Whether the parser is inside a next head; null until a surplus made us ask. */
  message: MessageState | null = null;
  /** A write failed: what is under way ends without having been sent. */
  refused = false;
  /** Two exchanges in turn: one may be asked for its bytes just after its end while the next is under way. */
  #spare: Exchange;
  #resting: Exchange;

  constructor(socket: Socket, encrypted: boolean) {
    this.socket = socket;
    this.tls = encrypted ? new TlsConnection(this) : null;
    this.handle = handleOf(socket);
    this.#spare = new Exchange(this);
    this.#resting = new Exchange(this);
    onRefusedWrite(socket, (length) => this.refuse(length));
  }

  /** An exchange to fill: one of the two that rest, else (pipelined) a new one. */
  take(): Exchange {
    const exchange = this.#spare;
    if (!exchange.ended) return new Exchange(this);
    this.#spare = this.#resting;
    this.#resting = exchange;
    return exchange;
  }

  /** The exchange of a request: open, or one of the last two ended. */
  find(request: object): Exchange | undefined {
    if (this.http2 !== null) return this.http2.find(request);
    for (let exchange = this.first; exchange; exchange = exchange.next) {
      if (exchange.request === request) return exchange;
    }
    if (this.#resting.request === request) return this.#resting;
    return this.#spare.request === request ? this.#spare : undefined;
  }

  /** Reads the counters. Without Node's own the public getters serve, which over-count what is queued. */
  read(): void {
    const { handle, socket } = this;
    if (handle) {
      this.seenIn = handle.bytesRead;
      if (this.refused) return;
      const out = acceptedBytes(handle);
      if (out > this.seenOut) this.seenOut = out;
    } else {
      this.seenIn = socket.bytesRead;
      if (this.refused) return;
      this.seenOut = Math.max(this.seenOut, socket.bytesWritten - socket.writableLength);
    }
  }

  /**
   * A write of so many bytes failed. Node has counted them as written and emptied its queue: from now on its
   * counters hold what the kernel never took. All that was written before had been accepted.
   */
  refuse(length: number): void {
    if (this.refused) return;
    this.refused = true;
    const { bytesWritten } = this.handle ?? this.socket;
    this.seenOut = Math.max(this.seenOut, bytesWritten - length);
  }
}
