import type { Ledger } from '../ledger/ledger.ts';
import type { Row } from '../ledger/rows.ts';

export type Labels = Record<string, string>;

/** One label set with its cell, and how its labels are written: made once, at a scrape. */
export interface Series {
  readonly row: Row;
  /** Of a response. */
  readonly status: string | undefined;
  readonly cell: number;
  /** `method="GET",endpoint="/x"`. */
  readonly text: string;
}

/** The label sets of a ledger, in the order they came. Both lists only grow. */
export class SeriesTable {
  readonly requests: Series[] = [];
  readonly responses: Series[] = [];
  readonly #ledger: Ledger;
  /** Statuses known by row. */
  readonly #statuses: number[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  update(): void {
    for (const [index, row] of this.#ledger.rows.all.entries()) {
      const known = this.#statuses[index];
      if (known === undefined) this.requests.push(series(row, undefined, row.requestCell));
      if (known === row.responses.size) continue;
      for (const [status, cell] of [...row.responses].slice(known ?? 0)) this.responses.push(series(row, status, cell));
      this.#statuses[index] = row.responses.size;
    }
  }
}

export function labelsOf({ row, status }: Series): Labels {
  const labels: Labels = { method: row.method, endpoint: row.endpoint };
  if (status !== undefined) labels.status = status;
  return labels;
}

/** Labels as the exposition format writes them, without braces. */
export function formatLabels(labels: Readonly<Record<string, unknown>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(String(value))}"`)
    .join(',');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function series(row: Row, status: string | undefined, cell: number): Series {
  return { row, status, cell, text: formatLabels(labelsOf({ row, status, cell, text: '' })) };
}
