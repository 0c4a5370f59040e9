import type { Directions } from '../snapshot.ts';
import { type EndpointSeries, other } from './endpoint-table.ts';

/** Pairs of endpoint and client that are told apart; past that an endpoint's further clients are `_other`. */
const maxPairs = 10_000;

/** Which client moved how much of which endpoint: not exported, but a page shows it. */
export class EndpointClients {
  readonly #byEndpoint = new Map<EndpointSeries, Map<string, Directions>>();
  #pairs = 0;

  /** Where the bytes of an exchange are added up. */
  find(series: EndpointSeries, client: string): Directions {
    const clients = this.#byEndpoint.get(series) ?? new Map<string, Directions>();
    this.#byEndpoint.set(series, clients);
    const known = clients.get(client);
    if (known) return known;
    if (client !== other && this.#pairs >= maxPairs) return this.find(series, other);
    const moved = { in: 0, out: 0 };
    clients.set(client, moved);
    if (client !== other) this.#pairs++;
    return moved;
  }

  of(series: EndpointSeries): Iterable<readonly [client: string, moved: Directions]> {
    return this.#byEndpoint.get(series) ?? [];
  }
}
