import type { IncomingMessage } from 'node:http';
import type { ConnectionAccount, Participant } from '../capture/accounts.ts';
import type { Exchange, ResponseState } from '../capture/exchange.ts';
import type { Client } from '../ledger/client.ts';
import type { EndpointSeries } from '../ledger/endpoint-table.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Directions, UnattributedReason } from '../snapshot.ts';

/** How a monitor names what it counts. */
export interface Labels {
  /** The endpoint's template, `undefined` while it is not known yet. */
  findEndpoint(exchange: Exchange, isFinal: boolean): string | undefined;
  findClient(request: IncomingMessage): Client | null;
  /** Where the bytes of this client on this endpoint are added up as well. */
  findPair(series: EndpointSeries, client: Client): Directions;
}

/** What of an exchange one monitor has written down. */
class LedgerExchange {
  /** How far the exchange was followed. */
  seenIn = 0;
  seenOut = 0;
  /** Of it, written into the ledger: less where the exchange began before this monitor. */
  writtenIn = 0;
  writtenOut = 0;
  /** Labels, frozen at the first byte that is written. */
  series: EndpointSeries | null = null;
  responseCell = -1;
  client: Client | null = null;
  /** Of this client on this endpoint. */
  pair: Directions | null = null;
  /** The endpoint that has no place, where the series is that of `_other`. */
  overflowed: string | null = null;
}

interface Readings {
  readonly in: number;
  readonly out: number;
}

/** Writes what one connection moved into a monitor's ledger: each byte once, under labels that stay. */
export class LedgerConnection implements ConnectionAccount {
  readonly participant: Participant;
  /** Bytes in the ledger, under a label or a reason. */
  writtenIn = 0;
  writtenOut = 0;
  readonly #ledger: Ledger;
  readonly #labels: Labels;
  readonly #connection: Readings;
  /** Where the connection stood when this account was opened. */
  readonly #baseIn: number;
  readonly #baseOut: number;
  /** Bytes of before that are yet to be attributed: the first so many are not ours. */
  #foreignIn: number;
  #foreignOut: number;

  constructor(
    { participant, ledger, labels }: { participant: Participant; ledger: Ledger; labels: Labels },
    connection: Readings,
    pendingIn: number,
    pendingOut: number,
  ) {
    this.participant = participant;
    this.#ledger = ledger;
    this.#labels = labels;
    this.#connection = connection;
    this.#baseIn = connection.in;
    this.#baseOut = connection.out;
    this.#foreignIn = pendingIn;
    this.#foreignOut = pendingOut;
  }

  /** Bytes of the connection since this account was opened. */
  get in(): number {
    return this.#connection.in - this.#baseIn;
  }

  get out(): number {
    return this.#connection.out - this.#baseOut;
  }

  openExchange(exchange: Exchange, reused: object | undefined): object {
    const own = reused instanceof LedgerExchange ? reused : new LedgerExchange();
    own.seenIn = exchange.in;
    own.seenOut = exchange.out;
    own.writtenIn = 0;
    own.writtenOut = 0;
    own.series = null;
    own.responseCell = -1;
    own.client = null;
    own.pair = null;
    own.overflowed = null;
    return own;
  }

  /** The labels of an exchange as far as they are known. */
  findLabels(account: object): { series: EndpointSeries | null; client: string | undefined } {
    const { series, client } = account as LedgerExchange;
    return { series, client: client?.name };
  }

  attribute(exchange: Exchange, account: object, isFinal: boolean): void {
    const own = account as LedgerExchange;
    const bytesIn = exchange.in - own.seenIn;
    const bytesOut = exchange.out - own.seenOut;
    if (bytesIn === 0 && bytesOut === 0) return;
    if (own.series === null && !this.#findSeries(exchange, own, isFinal)) return;
    if (bytesIn > 0) this.#writeIn(own, bytesIn);
    if (bytesOut > 0 && (own.responseCell >= 0 || this.#findStatus(exchange, own, isFinal)))
      this.#writeOut(own, bytesOut);
  }

  endExchange(exchange: Exchange, account: object, isAborted: boolean): void {
    const own = account as LedgerExchange;
    if (own.series === null) this.#findSeries(exchange, own, true);
    if (own.responseCell < 0) this.#findStatus(exchange, own, true);
    this.#ledger.end(own.series as EndpointSeries, own.responseCell, own.writtenIn, own.writtenOut, isAborted);
  }

  addUnattributed(reason: UnattributedReason, bytesIn: number, bytesOut: number): void {
    const ownIn = this.#foreignIn > 0 ? this.#skipForeignIn(bytesIn) : bytesIn;
    const ownOut = this.#foreignOut > 0 ? this.#skipForeignOut(bytesOut) : bytesOut;
    this.writtenIn += ownIn;
    this.writtenOut += ownOut;
    this.#ledger.addUnattributed(reason, ownIn, ownOut);
  }

  addTlsOverhead(bytesIn: number, bytesOut: number): void {
    this.#ledger.addTlsOverhead(bytesIn, bytesOut);
  }

  close(): void {
    this.#ledger.addClosed(this.in, this.out);
  }

  #writeIn(own: LedgerExchange, bytes: number): void {
    own.seenIn += bytes;
    const written = this.#foreignIn > 0 ? this.#skipForeignIn(bytes) : bytes;
    own.writtenIn += written;
    this.writtenIn += written;
    if (own.overflowed !== null) this.#noteOverflowed(own, own.overflowed, written);
    if (!this.#ledger.add((own.series as EndpointSeries).requestCell, written) || own.client === null) return;
    own.client.received(written);
    (own.pair as Directions).in += written;
  }

  #writeOut(own: LedgerExchange, bytes: number): void {
    own.seenOut += bytes;
    const written = this.#foreignOut > 0 ? this.#skipForeignOut(bytes) : bytes;
    own.writtenOut += written;
    this.writtenOut += written;
    if (own.overflowed !== null) this.#noteOverflowed(own, own.overflowed, written);
    if (!this.#ledger.add(own.responseCell, written) || own.client === null) return;
    own.client.sent(written);
    (own.pair as Directions).out += written;
  }

  #noteOverflowed(own: LedgerExchange, endpoint: string, bytes: number): void {
    this.#ledger.endpoints.noteOverflowed((own.series as EndpointSeries).method, endpoint, bytes);
  }

  /** Takes bytes off that moved before this account was opened. */
  #skipForeignIn(bytes: number): number {
    const skipped = Math.min(bytes, this.#foreignIn);
    this.#foreignIn -= skipped;
    return bytes - skipped;
  }

  #skipForeignOut(bytes: number): number {
    const skipped = Math.min(bytes, this.#foreignOut);
    this.#foreignOut -= skipped;
    return bytes - skipped;
  }

  #findSeries(exchange: Exchange, own: LedgerExchange, isFinal: boolean): boolean {
    const endpoint = this.#labels.findEndpoint(exchange, isFinal);
    if (endpoint === undefined) return false;
    own.series = this.#ledger.endpoints.find(exchange.method, endpoint);
    if (own.series.endpoint !== endpoint) own.overflowed = endpoint;
    own.client = this.#labels.findClient(exchange.request as IncomingMessage);
    if (own.client !== null) own.pair = this.#labels.findPair(own.series, own.client);
    return true;
  }

  #findStatus(exchange: Exchange, own: LedgerExchange, isFinal: boolean): boolean {
    const response = exchange.response as ResponseState;
    if (!response.headersSent && !isFinal) return false;
    const status = response.headersSent ? String(response.statusCode) : 'none';
    own.responseCell = this.#ledger.endpoints.findResponseCell(own.series as EndpointSeries, status);
    return true;
  }
}
