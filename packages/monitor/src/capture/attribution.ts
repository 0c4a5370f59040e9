import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { UnattributedReason } from '../snapshot.ts';
import type { Exchange, ResponseState } from './exchange.ts';

/** What has moved, as a protocol sees it: the connection itself, or what TLS leaves of it. */
export interface Flow {
  /** The socket that the application has. */
  readonly socket: Duplex;
  /** Bytes received and sent up to the last reading. */
  readonly in: number;
  readonly out: number;
  /** Bytes given to the socket to be sent up to now, also what waits; `null` where that isn't known. */
  readonly submitted: number | null;
  /** Part of what was given to the socket waits for the kernel. */
  readonly hasUnsent: boolean;
  /** A write failed: what is under way was not sent whole. */
  readonly isRefused: boolean;
  /** Reads the counters. */
  read(): void;
}

/** Runs an action in a later turn of the event loop; a fault in it is counted, and reaches nobody. */
export type Defer = (action: () => void) => void;

/** Decides which bytes of a connection belong to which exchange. One implementation for each protocol. */
export interface Attribution {
  /** Of bytes that no exchange has when the connection closes without an error. */
  readonly idleReason: UnattributedReason;
  /** A request's head is complete. */
  begin(request: IncomingMessage, response: ResponseState): void;
  /** The response to this request is out. */
  finish(request: object): void;
  /** The connection is the application's own from this request on: what attributes it from now on. */
  upgrade(request: IncomingMessage, response: ResponseState): Attribution;
  /** Attributes what has moved so far. */
  sample(): void;
  /** Attributes what has moved and ends every exchange: the connection closes. */
  close(): void;
  /** No exchange is open. */
  readonly isIdle: boolean;
  /** The exchanges that are open. */
  readonly exchanges: readonly Exchange[];
}
