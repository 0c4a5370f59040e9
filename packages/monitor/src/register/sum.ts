import type { Source } from '../export/source.ts';
import { takeSnapshot } from '../export/take-snapshot.ts';
import { imbalance } from '../ledger/balance.ts';
import { Clients } from '../ledger/clients.ts';
import { Ledger } from '../ledger/ledger.ts';
import { type ConnectionTotals, type UnattributedReason, unattributedReasons } from '../snapshot.ts';
import type { Report, Reporter } from './report.ts';

type Known = Pick<Report, 'open' | 'exact'>;

const nothingOpen: Report['open'] = { pending: { in: 0, out: 0 }, exchanges: 0, connections: 0 };

/** This process' own books, and how it tells of them: it may have told another before, and tells nothing twice. */
export interface Own {
  readonly source: Source;
  readonly reporter: Reporter;
}

/** The books of several processes as one. Counters of a process that is gone stay in the sum. */
export class Sum implements Source {
  readonly ledger: Ledger;
  // `clientOf` is an option of code, and the sum is made where there is none.
  readonly clients = new Clients(1);
  readonly clientMetric = undefined;
  readonly prefix: string;
  readonly #own: Own | undefined;
  readonly #members = new Map<object, Known>();

  /** @param own added at each reading; without it the sum is a replica of another, which has given the places. */
  constructor(prefix: string, maxEndpoints: number, own?: Own) {
    this.prefix = prefix;
    this.ledger = new Ledger(maxEndpoints);
    this.#own = own;
  }

  get exact(): boolean {
    return [...this.#members.values()].every(({ exact }) => exact);
  }

  sample(): void {
    if (this.#own) this.add(this, this.#own.reporter.next());
  }

  async sampleInTurns(): Promise<void> {
    await this.#own?.source.sampleInTurns();
    this.sample();
  }

  totals(): ConnectionTotals {
    const open = [...this.#members.values()].map((member) => member.open);
    return open.reduce<ConnectionTotals>(
      (sum, { pending, exchanges, connections }) => ({
        connection: sum.connection,
        pending: { in: sum.pending.in + pending.in, out: sum.pending.out + pending.out },
        exchanges: sum.exchanges + exchanges,
        connections: sum.connections + connections,
      }),
      { connection: { ...this.ledger.closed }, ...nothingOpen },
    );
  }

  /** Takes what a process tells. */
  add(member: object, report: Report): void {
    this.#load(report, this.#own !== undefined);
    this.#members.set(member, { open: report.open, exact: report.exact });
  }

  /** Takes counters alone, of a sum whose processes may be gone. */
  load(report: Report): void {
    this.#load(report, false);
  }

  /** @param givesPlaces this sum decides which endpoints have series of their own. */
  #load(report: Report, givesPlaces: boolean): void {
    const { ledger } = this;
    for (const series of report.series) this.#addSeries(series, givesPlaces);
    for (const reason of unattributedReasons) this.#addUnattributed(reason, report);
    ledger.addTlsOverhead(report.tlsOverhead.in, report.tlsOverhead.out);
    ledger.addClosed(report.connection.in, report.connection.out);
    ledger.endpoints.overflowed += report.overflowed;
    ledger.errors += report.errors;
  }

  /** Gives endpoints that have proved to be the busiest a series of their own. Meant for every ten seconds or so. */
  promoteBusiest(): void {
    this.ledger.endpoints.promoteBusiest();
  }

  /** A process is gone: what was pending there will never have an endpoint. */
  leave(member: object): void {
    const { pending } = this.#members.get(member)?.open ?? nothingOpen;
    this.ledger.addUnattributed('other', pending.in, pending.out);
    this.#members.delete(member);
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

  #addSeries({ method, endpoint, status, aborted = 0, numbers }: Report['series'][number], givesPlaces: boolean): void {
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

  #addUnattributed(reason: UnattributedReason, { unattributed }: Report): void {
    const moved = unattributed[reason];
    if (moved) this.ledger.addUnattributed(reason, moved.in, moved.out);
  }
}
