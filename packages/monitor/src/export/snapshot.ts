import { imbalance } from '../ledger/balance.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Row } from '../ledger/rows.ts';
import type { BandwidthSnapshot, EndpointSnapshot } from '../snapshot.ts';
import type { Source } from './source.ts';

/** The books at this moment, as JSON. */
export function takeSnapshot(source: Source): BandwidthSnapshot {
  const { ledger, clients } = source;
  source.sample();
  const endpoints = ledger.rows.all.map((row) => endpointSnapshot(ledger, row));
  const { connection, pending, exchanges, connections } = source.books();
  const books = {
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
  const missing = imbalance(books);
  return {
    at: new Date().toISOString(),
    ...books,
    endpoints,
    unattributed: structuredClone(ledger.unattributed),
    tlsOverhead: { ...ledger.tlsOverhead },
    open: { connections, exchanges },
    clients: [...clients.exposed()].map(([client, cell]) => ({ client, in: cell.in, out: cell.out })),
    balanced: missing.in === 0 && missing.out === 0,
  };
}

function endpointSnapshot(ledger: Ledger, row: Row): EndpointSnapshot {
  const { cells } = ledger;
  return {
    method: row.method,
    endpoint: row.endpoint,
    requestBytes: cells.bytes(row.requestCell),
    exchanges: cells.observed(row.requestCell),
    aborted: row.aborted,
    responses: [...row.responses].map(([status, cell]) => ({
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
