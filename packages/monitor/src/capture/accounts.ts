import type { Server } from 'node:net';
import type { UnattributedReason } from '../snapshot.ts';
import type { Exchange } from './exchange.ts';
import type { Connection } from './sockets/connection.ts';

/** A monitor, as capture sees it. Copies of the package share these interfaces: they change with `captureVersion` only. */
export interface Participant {
  /** How often it wants open connections to be read, in ms. */
  readonly sampleIntervalMs: number;
  watches(server: Server): boolean;
  /**
   * It counts this connection from now on. `pendingIn` and `pendingOut` are bytes that moved before and are yet to be
   * attributed: they are not this account's.
   */
  open(connection: Connection, pendingIn: number, pendingOut: number): ConnectionAccount;
  /** This runtime lacks something that exact counts need; a sentence for the log. */
  inexact(message: string): void;
  /** A fault of ours: counted and logged, never thrown into a request. */
  fault(error: unknown): void;
}

/** What one monitor has written down of a connection. */
export interface ConnectionAccount {
  readonly participant: Participant;
  /** An account for an exchange that begins, or that was open already. */
  openExchange(exchange: Exchange, reused: ExchangeAccount | undefined): ExchangeAccount;
  /** Writes down what the exchange has and the account hasn't. `final`: labels that aren't known are decided now. */
  attribute(exchange: Exchange, account: ExchangeAccount, final: boolean): void;
  /** Takes an exchange into the histograms; no byte follows. */
  endExchange(exchange: Exchange, account: ExchangeAccount, aborted: boolean): void;
  addUnattributed(reason: UnattributedReason, bytesIn: number, bytesOut: number): void;
  addTlsOverhead(bytesIn: number, bytesOut: number): void;
  /** The connection has closed: nothing follows. */
  close(): void;
}

/** What one monitor has written down of an exchange; only its connection's account knows what is in it. */
type ExchangeAccount = object;

/**
 * The accounts of one connection, one for each monitor that counts it. Attributions tell here what belongs to which
 * exchange, once; each account writes it into its own ledger as soon as it knows the labels.
 */
export class Accounts {
  /** Bytes attributed so far, to exchanges or to a reason. */
  in = 0;
  out = 0;
  /** Replaced, never changed: exchanges know by it whether their own accounts still fit. */
  all: readonly ConnectionAccount[] = [];

  /** To be called once an exchange has its request. */
  open(exchange: Exchange): void {
    const { all } = this;
    const fits = exchange.owners === all;
    if (!fits) exchange.accounts.length = 0;
    for (let index = 0; index < all.length; index++) {
      const account = all[index] as ConnectionAccount;
      exchange.accounts[index] = account.openExchange(exchange, exchange.accounts[index]);
    }
    exchange.owners = all;
  }

  attribute(exchange: Exchange, bytesIn: number, bytesOut: number, final: boolean): void {
    // Where a boundary turns out to lie before what was attributed, nothing is taken back.
    const moreIn = Math.max(0, bytesIn);
    const moreOut = Math.max(0, bytesOut);
    this.in += moreIn;
    this.out += moreOut;
    exchange.add(moreIn, moreOut);
    const { all } = this;
    for (let index = 0; index < all.length; index++) {
      (all[index] as ConnectionAccount).attribute(exchange, exchange.accounts[index] as ExchangeAccount, final);
    }
  }

  end(exchange: Exchange, aborted: boolean): void {
    const { all } = this;
    for (let index = 0; index < all.length; index++) {
      (all[index] as ConnectionAccount).endExchange(exchange, exchange.accounts[index] as ExchangeAccount, aborted);
    }
    exchange.close();
  }

  addUnattributed(reason: UnattributedReason, bytesIn: number, bytesOut: number): void {
    this.in += bytesIn;
    this.out += bytesOut;
    for (const account of this.all) account.addUnattributed(reason, bytesIn, bytesOut);
  }

  /** Raw minus plaintext, for information: part of what is attributed anyway. */
  addTlsOverhead(bytesIn: number, bytesOut: number): void {
    for (const account of this.all) account.addTlsOverhead(bytesIn, bytesOut);
  }

  close(): void {
    for (const account of this.all) account.close();
    this.all = [];
  }

  /** One more account, from now on, also for the exchanges that are open. */
  join(participant: Participant, connection: Connection, exchanges: Iterable<Exchange>): void {
    const account = participant.open(connection, connection.in - this.in, connection.out - this.out);
    this.all = [...this.all, account];
    for (const exchange of exchanges) {
      exchange.accounts.push(account.openExchange(exchange, undefined));
      exchange.owners = this.all;
    }
  }

  /** Closes one account while the connection lives on: its exchanges end there, as far as they have come. */
  leave(participant: Participant, connection: Connection, exchanges: Iterable<Exchange>): void {
    const index = this.all.findIndex((account) => account.participant === participant);
    const account = this.all[index];
    if (account === undefined) return;
    for (const exchange of exchanges) {
      const [own] = exchange.accounts.splice(index, 1);
      account.attribute(exchange, own as ExchangeAccount, true);
      account.endExchange(exchange, own as ExchangeAccount, exchange.isAborted);
    }
    account.addUnattributed('idle', connection.in - this.in, connection.out - this.out);
    account.close();
    this.all = this.all.filter((other) => other !== account);
    for (const exchange of exchanges) exchange.owners = this.all;
  }
}
