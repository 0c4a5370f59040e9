import type { Capture } from '../capture/capture.ts';
import { imbalance } from '../ledger/balance.ts';
import type { Clients } from '../ledger/clients.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Row } from '../ledger/rows.ts';
import type { BandwidthSnapshot, Directions, EndpointSnapshot } from '../snapshot.ts';

/** The books at this moment, as JSON. The caller has sampled. */
export function takeSnapshot(ledger: Ledger, capture: Capture, clients: Clients): BandwidthSnapshot {
  const endpoints = ledger.rows.all.map((row) => endpointSnapshot(ledger, row));
  const { connection, pending, exchanges } = openBooks(ledger, capture);
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
    open: { connections: capture.open.length, exchanges },
    clients: [...clients.exposed()].map(([client, cell]) => ({ client, in: cell.in, out: cell.out })),
    balanced: missing.in === 0 && missing.out === 0,
  };
}

/** Sums the open connections: what they moved, and of it what is pending. */
export function openBooks(
  ledger: Ledger,
  capture: Capture,
): { connection: Directions; pending: Directions; exchanges: number } {
  const connection = { ...ledger.closed };
  const pending = { in: 0, out: 0 };
  let exchanges = 0;
  for (const open of capture.open) {
    connection.in += open.seenIn;
    connection.out += open.seenOut;
    pending.in += open.seenIn - open.settledIn;
    pending.out += open.seenOut - open.settledOut;
    for (let exchange = open.first; exchange; exchange = exchange.next) exchanges++;
    if (open.http2 !== null) exchanges += open.http2.streams.length;
  }
  return { connection, pending, exchanges };
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
