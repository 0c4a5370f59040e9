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

  /** @param own added at each reading; without it the sum is of what it is told alone. */
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
    this.load(report);
    this.#members.set(member, { open: report.open, exact: report.exact });
  }

  /** Takes counters alone, of processes that may be gone. */
  load(report: Report): void {
    const { ledger } = this;
    for (const { method, endpoint, status, aborted, numbers } of report.series) {
      const found = ledger.endpoints.find(method, endpoint);
      found.aborted += aborted ?? 0;
      ledger.cells.merge(
        status === undefined ? found.requestCell : ledger.endpoints.findResponseCell(found, status),
        numbers,
      );
    }
    for (const reason of unattributedReasons) this.#addUnattributed(reason, report);
    ledger.addTlsOverhead(report.tlsOverhead.in, report.tlsOverhead.out);
    ledger.addClosed(report.connection.in, report.connection.out);
    ledger.endpoints.overflowed += report.overflowed;
    ledger.errors += report.errors;
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

  #addUnattributed(reason: UnattributedReason, { unattributed }: Report): void {
    const moved = unattributed[reason];
    if (moved) this.ledger.addUnattributed(reason, moved.in, moved.out);
  }
}
