import type { Capture } from '../capture/capture.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { OpenBooks } from './source.ts';

/** Sums the open connections: what they moved, and of it what is pending. */
export function openBooks(ledger: Ledger, capture: Capture): OpenBooks {
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
  return { connection, pending, exchanges, connections: capture.open.length };
}
