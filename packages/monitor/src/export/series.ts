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

/** The series of a ledger, in the order they came. Both lists grow; where series are withdrawn, new lists replace them. */
export class SeriesTable {
  requests: Series[] = [];
  responses: Series[] = [];
  readonly #ledger: Ledger;
  /** How many statuses of an endpoint are known. */
  readonly #statuses = new Map<EndpointSeries, number>();
  #withdrawn = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  update(): void {
    const { endpoints } = this.#ledger;
    if (endpoints.withdrawn !== this.#withdrawn) this.#forgetWithdrawn(new Set(endpoints.all));
    this.#withdrawn = endpoints.withdrawn;
    for (const owner of endpoints.all) {
      const known = this.#statuses.get(owner);
      if (known === undefined) this.requests.push(series(owner, undefined, owner.requestCell));
      if (known === owner.responses.size) continue;
      for (const [status, cell] of [...owner.responses].slice(known ?? 0))
        this.responses.push(series(owner, status, cell));
      this.#statuses.set(owner, owner.responses.size);
    }
  }

  #forgetWithdrawn(left: ReadonlySet<EndpointSeries>): void {
    this.requests = this.requests.filter(({ owner }) => left.has(owner));
    this.responses = this.responses.filter(({ owner }) => left.has(owner));
    for (const owner of this.#statuses.keys()) if (!left.has(owner)) this.#statuses.delete(owner);
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
