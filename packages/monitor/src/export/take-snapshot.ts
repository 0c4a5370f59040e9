import { imbalance } from '../ledger/balance.ts';
import type { EndpointSeries } from '../ledger/endpoint-table.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BandwidthSnapshot, EndpointSnapshot } from '../snapshot.ts';
import type { Source } from './source.ts';

/** All that is known at this moment, as JSON. */
export function takeSnapshot(source: Source): BandwidthSnapshot {
  const { ledger, clients } = source;
  source.sample();
  const endpoints = ledger.endpoints.all.map((series) => toEndpointSnapshot(ledger, series));
  const { connection, pending, exchanges, connections } = source.totals();
  const totals = {
    connection,
    endpointsTotal: {
      in: total(endpoints, ({ requestBytes }) => requestBytes),
      out: total(endpoints, ({ responses }) => total(responses, ({ bytes }) => bytes)),
    },
    unattributedTotal: {
      in: total(Object.values(ledger.unattributed), (entry) => entry.in),
      out: total(Object.values(ledger.unattributed), (entry) => entry.out),
    },
    pending,
  };
  const missing = imbalance(totals);
  return {
    at: new Date().toISOString(),
    ...totals,
    endpoints,
    unattributed: structuredClone(ledger.unattributed),
    tlsOverhead: { ...ledger.tlsOverhead },
    open: { connections, exchanges },
    clients: [...clients.exposed()].map(([client, clientTotals]) => ({ client, ...clientTotals })),
    balanced: missing.in === 0 && missing.out === 0,
  };
}

/** One endpoint's numbers. */
export function toEndpointSnapshot(ledger: Ledger, series: EndpointSeries): EndpointSnapshot {
  const { cells } = ledger;
  return {
    method: series.method,
    endpoint: series.endpoint,
    requestBytes: cells.bytes(series.requestCell),
    exchanges: cells.observed(series.requestCell),
    aborted: series.aborted,
    responses: [...series.responses].map(([status, cell]) => ({
      status,
      bytes: cells.bytes(cell),
      exchanges: cells.observed(cell),
    })),
  };
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += of(item);
  return sum;
}
