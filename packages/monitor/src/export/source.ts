import type { Clients } from '../ledger/clients.ts';
import type { EndpointSeries } from '../ledger/endpoint-table.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ConnectionTotals, Directions, OpenExchanges } from '../snapshot.ts';

/** What an export reads; it changes none of it. */
export interface Source {
  readonly ledger: Ledger;
  readonly clients: Clients;
  readonly clientMetric: { readonly name: string; readonly label: string } | undefined;
  readonly prefix: string;
  /** Every probe of the runtime passed. */
  readonly exact: boolean;
  /** Brings the ledger up to this moment, at once. */
  sample(): void;
  /** Brings the ledger up to this moment, in as many turns of the event loop as it takes. */
  sampleInTurns(): Promise<void>;
  totals(): ConnectionTotals;
  /** What is under way, the `limit` largest transfers. */
  open(limit: number): OpenExchanges;
  /** Who moved the bytes of an endpoint, where clients are told apart. */
  clientsOf(series: EndpointSeries): Iterable<readonly [client: string, moved: Directions]>;
}
