import type { OpenAccount } from '../capture/capture.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ConnectionTotals } from '../snapshot.ts';
import { LedgerConnection } from './connection-account.ts';

/** Totals of a monitor's connections, open and closed. */
export function sumConnections(ledger: Ledger, open: Iterable<OpenAccount>): ConnectionTotals {
  const connection = { ...ledger.closed };
  const pending = { in: 0, out: 0 };
  let [exchanges, connections] = [0, 0];
  for (const { account, exchanges: own } of open) {
    if (!(account instanceof LedgerConnection)) continue;
    connection.in += account.in;
    connection.out += account.out;
    pending.in += account.in - account.writtenIn;
    pending.out += account.out - account.writtenOut;
    exchanges += own.length;
    connections++;
  }
  return { connection, pending, exchanges, connections };
}
