import type { IncomingMessage } from 'node:http';
import type { Client } from '../ledger/client.ts';
import type { Row } from '../ledger/rows.ts';
import type { Connection } from './connection.ts';

/** An exchange's bytes, live while it is open and right for good once `ended`. */
export interface ExchangeBytes {
  readonly in: number;
  readonly out: number;
  readonly ended: boolean;
}

export interface MutableExchangeBytes {
  in: number;
  out: number;
  ended: boolean;
}

/** What is known of an exchange's answer: Node's response is one. */
export interface Answer {
  readonly headersSent: boolean;
  readonly statusCode: number;
  /** All of it was handed to the system. */
  readonly writableFinished: boolean;
}

/**
 * One request and its response on a connection. Objects are reused by their connection, so nothing is
 * allocated for a request in steady state; whoever wants to keep the bytes asks for a watch.
 */
export class Exchange {
  readonly connection: Connection;
  request!: IncomingMessage;
  answer!: Answer;
  /** The next exchange on this connection: only there when requests are pipelined. */
  next: Exchange | null = null;
  /** Where its input begins, in bytes of the connection. */
  inStart = 0;
  /** Where its input ends; -1 until known. */
  inEnd = -1;
  inSettled = 0;
  outSettled = 0;
  /** Label sets, frozen at the first settled byte. */
  row: Row | null = null;
  responseCell = -1;
  client: Client | null = null;
  /** The response is out, the request's body still comes. */
  responded = false;
  /** Upgraded or CONNECT: all that follows is its own. */
  tunnelled = false;
  ended = true;
  watch: MutableExchangeBytes | null = null;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  begin(request: IncomingMessage, answer: Answer, inStart: number): void {
    this.request = request;
    this.answer = answer;
    this.next = null;
    this.inStart = inStart;
    this.inEnd = -1;
    this.inSettled = 0;
    this.outSettled = 0;
    this.row = null;
    this.responseCell = -1;
    this.client = null;
    this.responded = false;
    this.tunnelled = false;
    this.ended = false;
    this.watch = null;
  }
}
