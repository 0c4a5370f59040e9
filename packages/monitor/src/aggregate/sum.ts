import type { Source } from '../export/source.ts';
import { takeSnapshot } from '../export/take-snapshot.ts';
import { imbalance } from '../ledger/balance.ts';
import { Clients } from '../ledger/clients.ts';
import { Largest } from '../ledger/largest.ts';
import { Ledger } from '../ledger/ledger.ts';
import {
  type ConnectionTotals,
  type OpenExchanges,
  type UnattributedReason,
  unattributedReasons,
} from '../snapshot.ts';
import type { Delta, DeltaReader } from './delta.ts';

type Known = Pick<Delta, 'open' | 'exact'>;

const nothingOpen: Delta['open'] = {
  pending: { in: 0, out: 0 },
  exchanges: 0,
  connections: 0,
  transfers: [],
  inFlight: [],
};

/** This process' own totals, and their deltas: it may have told another process before, and tells nothing twice. */
export interface Own {
  readonly source: Source;
  readonly deltas: DeltaReader;
}

/** The totals of several processes as one. Counters of a process that is gone stay in the sum. */
export class Sum implements Source {
  readonly ledger: Ledger;
  // `clientOf` is an option of code, and the sum is made where there is none.
  readonly clients = new Clients(1);
  readonly clientMetric = undefined;
  readonly prefix: string;
  readonly #own: Own | undefined;
  readonly #processes = new Map<object, Known>();

  /** @param own added at each reading; without it the sum is a replica of another, which has given the places. */
  constructor(prefix: string, maxEndpoints: number, own?: Own) {
    this.prefix = prefix;
    this.ledger = new Ledger(maxEndpoints);
    this.#own = own;
  }

  get exact(): boolean {
    return [...this.#processes.values()].every(({ exact }) => exact);
  }

  sample(): void {
    if (this.#own) this.add(this, this.#own.deltas.next());
  }

  async sampleInTurns(): Promise<void> {
    await this.#own?.source.sampleInTurns();
    this.sample();
  }

  totals(): ConnectionTotals {
    const open = [...this.#processes.values()].map((known) => known.open);
    return open.reduce<ConnectionTotals>(
      (sum, { pending, exchanges, connections }) => ({
        connection: sum.connection,
        pending: { in: sum.pending.in + pending.in, out: sum.pending.out + pending.out },
        exchanges: sum.exchanges + exchanges,
        connections: sum.connections + connections,
      }),
      { connection: { ...this.ledger.closed }, pending: { in: 0, out: 0 }, exchanges: 0, connections: 0 },
    );
  }

  open(limit: number): OpenExchanges {
    const largest = new Largest<OpenExchanges['transfers'][number]>(limit);
    const counts = new Map<string, OpenExchanges['inFlight'][number]>();
    for (const { open } of this.#processes.values()) {
      for (const transfer of open.transfers) largest.add(transfer, transfer.in + transfer.out);
      for (const { method, endpoint, count } of open.inFlight) {
        const name = `${method} ${endpoint}`;
        counts.set(name, { method, endpoint, count: count + (counts.get(name)?.count ?? 0) });
      }
    }
    return { transfers: largest.items(), inFlight: [...counts.values()] };
  }

  clientsOf(): Iterable<never> {
    return [];
  }

  /** Takes what a process tells. */
  add(process: object, delta: Delta): void {
    this.#load(delta, this.#own !== undefined);
    this.#processes.set(process, { open: delta.open, exact: delta.exact });
  }

  /** Takes counters alone, of a sum whose processes may be gone. */
  load(delta: Delta): void {
    this.#load(delta, false);
  }

  /** @param givesPlaces this sum decides which endpoints have series of their own. */
  #load(delta: Delta, givesPlaces: boolean): void {
    const { ledger } = this;
    for (const series of delta.series) this.#addSeries(series, givesPlaces);
    for (const reason of unattributedReasons) this.#addUnattributed(reason, delta);
    ledger.addTlsOverhead(delta.tlsOverhead.in, delta.tlsOverhead.out);
    ledger.addClosed(delta.connection.in, delta.connection.out);
    ledger.endpoints.overflowed += delta.overflowed;
    ledger.errors += delta.errors;
  }

  /** Gives endpoints that have proved to be the busiest a series of their own. Meant for every ten seconds or so. */
  promoteBusiest(): void {
    this.ledger.endpoints.promoteBusiest();
  }

  /** A process is gone: what was pending there will never have an endpoint. */
  leave(process: object): void {
    const { pending } = this.#processes.get(process)?.open ?? nothingOpen;
    this.ledger.addUnattributed('other', pending.in, pending.out);
    this.#processes.delete(process);
  }

  /**
   * Closes the gap that a process has left which took what it was told with it: bytes without an endpoint are
   * unattributed, endpoints without their connection's bytes get them. Both only grow.
   */
  settleGap(): void {
    const gap = imbalance(takeSnapshot(this));
    this.ledger.addUnattributed('other', Math.max(0, gap.in), Math.max(0, gap.out));
    this.ledger.addClosed(Math.max(0, -gap.in), Math.max(0, -gap.out));
  }

  #addSeries({ method, endpoint, status, aborted = 0, numbers }: Delta['series'][number], givesPlaces: boolean): void {
    const { cells, endpoints } = this.ledger;
    if (aborted === 0 && numbers.every((number) => number === 0)) {
      endpoints.list(method, endpoint, status === undefined ? [] : [status]);
      return;
    }
    const found = givesPlaces ? endpoints.find(method, endpoint) : endpoints.adopt(method, endpoint);
    if (found.endpoint !== endpoint) endpoints.noteOverflowed(method, endpoint, numbers[0] ?? 0);
    found.aborted += aborted;
    cells.merge(status === undefined ? found.requestCell : endpoints.findResponseCell(found, status), numbers);
  }

  #addUnattributed(reason: UnattributedReason, { unattributed }: Delta): void {
    const moved = unattributed[reason];
    if (moved) this.ledger.addUnattributed(reason, moved.in, moved.out);
  }
}
