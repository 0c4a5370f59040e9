import type { Bandwidth } from '@weighbridge/protocol';
import { endpointKey, type Rates } from './rate.ts';

/** One line of the table. */
export interface EndpointLine {
  key: string;
  method: string;
  endpoint: string;
  in: number;
  out: number;
  /** Bytes per second, both directions. */
  rate: number | undefined;
  /** Of all connection bytes, 0 to 1. */
  share: number;
  exchanges: number;
}

export type Column = 'name' | 'in' | 'out' | 'rate' | 'share' | 'exchanges';
export interface Order {
  by: Column;
  descending: boolean;
}

/** The table's lines, in order; equal ones by name, so that they stand still. */
export function endpointLines(
  { endpoints, connection }: Bandwidth,
  rates: Rates | undefined,
  order: Order,
): EndpointLine[] {
  const all = connection.in + connection.out;
  const lines = endpoints.map((endpoint): EndpointLine => {
    const key = endpointKey(endpoint);
    const { method, requestBytes, responseBytes, exchanges } = endpoint;
    const share = all > 0 ? (requestBytes + responseBytes) / all : 0;
    const rate = rates?.endpoints.get(key);
    return { key, method, endpoint: endpoint.endpoint, in: requestBytes, out: responseBytes, rate, share, exchanges };
  });
  return lines.sort((a, b) => compare(a, b, order));
}

function compare(a: EndpointLine, b: EndpointLine, { by, descending }: Order): number {
  const sign = descending ? -1 : 1;
  const difference = by === 'name' ? byName(a, b) : (a[by] ?? 0) - (b[by] ?? 0);
  return difference === 0 ? byName(a, b) : sign * difference;
}

function byName(a: EndpointLine, b: EndpointLine): number {
  return a.endpoint.localeCompare(b.endpoint) || a.method.localeCompare(b.method);
}
