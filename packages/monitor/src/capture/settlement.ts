import type { IncomingMessage } from 'node:http';
import type { Client } from '../ledger/client.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Row } from '../ledger/rows.ts';
import type { UnattributedReason } from '../snapshot.ts';
import type { Connection } from './connection.ts';
import type { Answer, Exchange } from './exchange.ts';

/** What settling asks the rest of the monitor. */
export interface Labels {
  /** The endpoint's template, `undefined` while it is not known yet. */
  endpointOf(request: IncomingMessage, answer: Answer, final: boolean): string | undefined;
  clientOf(request: IncomingMessage): Client | null;
}

/** Gives bytes of a connection to an exchange's cells or to a reason, once; whoever calls knows where they belong. */
export class Settlement {
  readonly #ledger: Ledger;
  readonly #labels: Labels;

  constructor(ledger: Ledger, labels: Labels) {
    this.#ledger = ledger;
    this.#labels = labels;
  }

  /** Input for an exchange, if its row is known or, when `final`, must be now. */
  settleIn(exchange: Exchange, bytes: number, final: boolean): void {
    if (bytes <= 0 || !this.#resolveRow(exchange, final)) return;
    exchange.inSettled += bytes;
    exchange.connection.settledIn += bytes;
    this.#ledger.settle((exchange.row as Row).requestCell, bytes);
    exchange.client?.received(bytes);
    if (exchange.watch) exchange.watch.in = exchange.inSettled;
  }

  /** Output for an exchange, if its row and its status are known or, when `final`, must be now. */
  settleOut(exchange: Exchange, bytes: number, final: boolean): void {
    if (bytes <= 0 || !(this.#resolveRow(exchange, final) && this.#resolveStatus(exchange, final))) return;
    exchange.outSettled += bytes;
    exchange.connection.settledOut += bytes;
    this.#ledger.settle(exchange.responseCell, bytes);
    exchange.client?.sent(bytes);
    if (exchange.watch) exchange.watch.out = exchange.outSettled;
  }

  settleUnattributed(connection: Connection, reason: UnattributedReason, bytesIn: number, bytesOut: number): void {
    connection.settledIn += bytesIn;
    connection.settledOut += bytesOut;
    this.#ledger.settleUnattributed(reason, bytesIn, bytesOut);
  }

  /** All that the connection moved and nobody got. */
  settleRest(connection: Connection, reason: UnattributedReason): void {
    const bytesIn = connection.seenIn - connection.settledIn;
    const bytesOut = connection.seenOut - connection.settledOut;
    this.settleUnattributed(connection, reason, bytesIn, bytesOut);
  }

  /** Takes an exchange into the histograms; nothing is settled on it any more. */
  end(exchange: Exchange, aborted: boolean): void {
    this.#resolveRow(exchange, true);
    this.#resolveStatus(exchange, true);
    const { row, responseCell, inSettled, outSettled } = exchange;
    this.#ledger.end(row as Row, responseCell, inSettled, outSettled, aborted);
    exchange.ended = true;
    if (exchange.watch) exchange.watch.ended = true;
  }

  /** The connection is closed: its last readings go into the sum. */
  close(connection: Connection): void {
    this.#ledger.closed.in += connection.seenIn;
    this.#ledger.closed.out += connection.seenOut;
  }

  /** Raw minus plaintext, for information: part of what is settled anyway. */
  addTlsOverhead(bytesIn: number, bytesOut: number): void {
    this.#ledger.tlsOverhead.in += bytesIn;
    this.#ledger.tlsOverhead.out += bytesOut;
  }

  #resolveRow(exchange: Exchange, final: boolean): boolean {
    if (exchange.row !== null) return true;
    const endpoint = this.#labels.endpointOf(exchange.request, exchange.answer, final);
    if (endpoint === undefined) return false;
    exchange.row = this.#ledger.rows.row(exchange.request.method as string, endpoint);
    exchange.client = this.#labels.clientOf(exchange.request);
    return true;
  }

  #resolveStatus(exchange: Exchange, final: boolean): boolean {
    if (exchange.responseCell >= 0) return true;
    const sent = exchange.answer.headersSent;
    if (!sent && !final) return false;
    const status = sent ? String(exchange.answer.statusCode) : 'none';
    exchange.responseCell = this.#ledger.rows.responseCell(exchange.row as Row, status);
    return true;
  }
}
