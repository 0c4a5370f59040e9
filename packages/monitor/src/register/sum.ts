import type { OpenBooks, Source } from '../export/source.ts';
import { Clients } from '../ledger/clients.ts';
import { Ledger } from '../ledger/ledger.ts';
import { type UnattributedReason, unattributedReasons } from '../snapshot.ts';
import type { Report, Reporter } from './report.ts';

type Open = Report['open'];

const nothingOpen: Open = { pending: { in: 0, out: 0 }, exchanges: 0, connections: 0 };

/** The books of several processes as one. Counters of a process that is gone stay in the sum. */
export class Sum implements Source {
  readonly ledger: Ledger;
  // `clientOf` is an option of code, and the sum is made where there is none.
  readonly clients = new Clients(1);
  readonly clientMetric = undefined;
  readonly prefix: string;
  readonly #own: Source;
  readonly #ownReports: Reporter;
  readonly #members = new Map<object, Report>();

  /** @param reports of this process: it may have told another before, and tells nothing twice. */
  constructor(own: Source, reports: Reporter, maxEndpoints: number) {
    this.#own = own;
    this.#ownReports = reports;
    this.prefix = own.prefix;
    this.ledger = new Ledger(maxEndpoints);
  }

  get exact(): boolean {
    return this.#own.exact && [...this.#members.values()].every(({ exact }) => exact);
  }

  sample(): void {
    this.add(this, this.#ownReports.next());
  }

  async sampled(): Promise<void> {
    await this.#own.sampled();
    this.sample();
  }

  books(): OpenBooks {
    const open = [...this.#members.values()].map((member) => member.open);
    return open.reduce<OpenBooks>(
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
    const { ledger } = this;
    for (const { method, endpoint, status, aborted, numbers } of report.series) {
      const row = ledger.rows.row(method, endpoint);
      row.aborted += aborted ?? 0;
      ledger.cells.merge(status === undefined ? row.requestCell : ledger.rows.responseCell(row, status), numbers);
    }
    for (const reason of unattributedReasons) this.#addUnattributed(reason, report);
    ledger.tlsOverhead.in += report.tlsOverhead.in;
    ledger.tlsOverhead.out += report.tlsOverhead.out;
    ledger.closed.in += report.connection.in;
    ledger.closed.out += report.connection.out;
    ledger.rows.overflowed += report.overflowed;
    ledger.errors += report.errors;
    this.#members.set(member, report);
  }

  /** A process is gone: what was pending there will never have an endpoint. */
  leave(member: object): void {
    const { pending } = this.#members.get(member)?.open ?? nothingOpen;
    this.ledger.settleUnattributed('other', pending.in, pending.out);
    this.#members.delete(member);
  }

  #addUnattributed(reason: UnattributedReason, { unattributed }: Report): void {
    const moved = unattributed[reason];
    if (moved) this.ledger.settleUnattributed(reason, moved.in, moved.out);
  }
}
