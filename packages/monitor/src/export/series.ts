import type { EndpointSeries } from '../ledger/endpoint-table.ts';
import type { Ledger } from '../ledger/ledger.ts';

export type Labels = Record<string, string>;

/** One series with its cell, and how its labels are written: made once, at a scrape. */
export interface Series {
  readonly owner: EndpointSeries;
  /** Of a response. */
  readonly status: string | undefined;
  readonly cell: number;
  /** `method="GET",endpoint="/x"`. */
  readonly text: string;
}

/** The series of a ledger, in the order they came. Both lists only grow. */
export class SeriesTable {
  readonly requests: Series[] = [];
  readonly responses: Series[] = [];
  readonly #ledger: Ledger;
  /** Statuses known, by the place of their endpoint. */
  readonly #statuses: number[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  update(): void {
    for (const [index, owner] of this.#ledger.endpoints.all.entries()) {
      const known = this.#statuses[index];
      if (known === undefined) this.requests.push(series(owner, undefined, owner.requestCell));
      if (known === owner.responses.size) continue;
      for (const [status, cell] of [...owner.responses].slice(known ?? 0))
        this.responses.push(series(owner, status, cell));
      this.#statuses[index] = owner.responses.size;
    }
  }
}

export function toLabels({ owner, status }: Pick<Series, 'owner' | 'status'>): Labels {
  const labels: Labels = { method: owner.method, endpoint: owner.endpoint };
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

function series(owner: EndpointSeries, status: string | undefined, cell: number): Series {
  return { owner, status, cell, text: formatLabels(toLabels({ owner, status })) };
}
