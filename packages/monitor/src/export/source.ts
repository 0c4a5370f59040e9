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
  /** Brings the ledger up to this moment, unless connections are so many that it takes turns. */
  sample(): void;
  /** Brings the ledger up to this moment, in as many turns of the event loop as it takes. */
  sampled(): Promise<void>;
  books(): OpenBooks;
}
