import type { Bandwidth } from '@weighbridge/protocol';
import { type Rates, toEndpointKey } from '../../state/rates.ts';

/** One line of the table. */
export interface EndpointLine {
  readonly key: string;
  readonly method: string;
  readonly endpoint: string;
  readonly in: number;
  readonly out: number;
  /** Bytes per second, both directions. */
  readonly rate: number | undefined;
  readonly exchanges: number;
}

/** A column's name; with `-` before it from the highest on. */
const columns = {
  name: byName,
  in: (a: EndpointLine, b: EndpointLine) => a.in - b.in,
  out: (a: EndpointLine, b: EndpointLine) => a.out - b.out,
  rate: (a: EndpointLine, b: EndpointLine) => (a.rate ?? 0) - (b.rate ?? 0),
  share: (a: EndpointLine, b: EndpointLine) => a.in + a.out - (b.in + b.out),
  exchanges: (a: EndpointLine, b: EndpointLine) => a.exchanges - b.exchanges,
};

/** The table's lines, in order; equal ones by name, so that they stand still. */
export function toEndpointLines(
  { endpoints }: Pick<Bandwidth, 'endpoints'>,
  rates: Rates | undefined,
  sort: string,
  filter = '',
): EndpointLine[] {
  const lines = endpoints.map((endpoint): EndpointLine => {
    const key = toEndpointKey(endpoint);
    const { method, requestBytes, responseBytes, exchanges } = endpoint;
    const rate = rates?.endpoints.get(key);
    return { key, method, endpoint: endpoint.endpoint, in: requestBytes, out: responseBytes, rate, exchanges };
  });
  const wanted = filter.trim().toLowerCase();
  const found = wanted === '' ? lines : lines.filter(({ key }) => key.toLowerCase().includes(wanted));
  return found.sort(toOrder(sort));
}

function toOrder(sort: string): (a: EndpointLine, b: EndpointLine) => number {
  const isDescending = sort.startsWith('-');
  const name = sort.replace(/^-/, '');
  const compare = Object.hasOwn(columns, name) ? columns[name as keyof typeof columns] : columns.share;
  return (a, b) => (isDescending ? -compare(a, b) : compare(a, b)) || byName(a, b);
}

// Not `localeCompare`: a thousand endpoints are sorted each second.
function byName(a: EndpointLine, b: EndpointLine): number {
  return compareText(a.endpoint, b.endpoint) || compareText(a.method, b.method);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
