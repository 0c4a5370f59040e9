import { type Directions, type UnattributedReason, unattributedReasons } from '../snapshot.ts';
import { Cells } from './cells.ts';
import { type Row, Rows } from './rows.ts';

/**
 * Where bytes are written down: pure, knows neither sockets nor time. Capture settles bytes here and never
 * takes any back, so no counter goes down.
 */
export class Ledger {
  readonly cells = new Cells();
  readonly rows: Rows;
  readonly unattributed: Record<UnattributedReason, Directions>;
  /** Of closed connections; open ones are summed by capture. */
  readonly closed: Directions = { in: 0, out: 0 };
  readonly tlsOverhead: Directions = { in: 0, out: 0 };
  errors = 0;

  constructor(maxEndpoints: number) {
    this.rows = new Rows(this.cells, maxEndpoints);
    this.unattributed = Object.fromEntries(
      unattributedReasons.map((reason) => [reason, { in: 0, out: 0 }]),
    ) as Ledger['unattributed'];
  }

  settle(cell: number, bytes: number): void {
    this.cells.settle(cell, bytes);
  }

  /** Takes an ended exchange into both histograms. */
  end(row: Row, responseCell: number, requestBytes: number, responseBytes: number, aborted: boolean): void {
    this.cells.observe(row.requestCell, requestBytes);
    this.cells.observe(responseCell, responseBytes);
    if (aborted) row.aborted++;
  }

  settleUnattributed(reason: UnattributedReason, bytesIn: number, bytesOut: number): void {
    const entry = this.unattributed[reason];
    entry.in += bytesIn;
    entry.out += bytesOut;
  }
}
