import type { Clients } from '../ledger/clients.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Directions } from '../snapshot.ts';

/** What is open at this moment, beside what the ledger holds. */
export interface OpenBooks {
  /** Bytes of all connections, open and closed. */
  connection: Directions;
  pending: Directions;
  exchanges: number;
  connections: number;
}

/** What an export reads; it changes none of it. */
export interface Source {
  readonly ledger: Ledger;
  readonly clients: Clients;
  readonly clientMetric: { readonly name: string; readonly label: string } | undefined;
  readonly prefix: string;
  /** Every probe of the runtime passed. */
  readonly exact: boolean;
  /** Brings the ledger up to this moment: what open connections have moved. Called before each reading. */
  sample(): void;
  books(): OpenBooks;
}
