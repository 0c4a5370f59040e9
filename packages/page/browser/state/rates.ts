import type { Bandwidth } from '@weighbridge/protocol';

/** Bytes per second between two snapshots, whole and by endpoint (in + out). */
export interface Rates {
  readonly in: number;
  readonly out: number;
  readonly endpoints: ReadonlyMap<string, number>;
  /** By client, in + out. */
  readonly clients: ReadonlyMap<string, number>;
}

const longestGapMs = 10_000;

type Endpoint = Bandwidth['endpoints'][number];

/** Names a method and an endpoint together. */
export function toEndpointKey({ method, endpoint }: Pick<Endpoint, 'method' | 'endpoint'>): string {
  return `${method} ${endpoint}`;
}

/** What flowed between two snapshots, by their own clock. An endpoint that the older one lacks stood at 0. */
function ratesBetween(older: Bandwidth, newer: Bandwidth): Rates {
  const seconds = (Date.parse(newer.at) - Date.parse(older.at)) / 1000;
  const before = new Map(older.endpoints.map((endpoint) => [toEndpointKey(endpoint), moved(endpoint)]));
  const clientsBefore = new Map(older.clients.map((client) => [client.client, client.in + client.out]));
  return {
    in: (newer.connection.in - older.connection.in) / seconds,
    out: (newer.connection.out - older.connection.out) / seconds,
    endpoints: new Map(
      newer.endpoints.map((endpoint) => {
        const key = toEndpointKey(endpoint);
        return [key, (moved(endpoint) - (before.get(key) ?? 0)) / seconds];
      }),
    ),
    clients: new Map(
      newer.clients.map((client) => [
        client.client,
        (client.in + client.out - (clientsBefore.get(client.client) ?? 0)) / seconds,
      ]),
    ),
  };
}

function moved(endpoint: Endpoint): number {
  return endpoint.requestBytes + endpoint.responseBytes;
}

/** Rates over the last few snapshots, so that one late snapshot doesn't make the figures jump. */
export class RateMeter {
  readonly #windowMs: number;
  #window: Bandwidth[] = [];

  constructor(windowMs = 3000) {
    this.#windowMs = windowMs;
  }

  /** Takes a snapshot; answers the rates now, or `undefined` while there is nothing to compare with. */
  add(snapshot: Bandwidth): Rates | undefined {
    if (!this.#follows(snapshot)) this.#window = [];
    this.#window.push(snapshot);
    const from = Date.parse(snapshot.at) - this.#windowMs;
    while (this.#window.length > 2 && Date.parse(this.#window[0]?.at ?? '') < from) this.#window.shift();
    const oldest = this.#window[0];
    return oldest === undefined || oldest === snapshot ? undefined : ratesBetween(oldest, snapshot);
  }

  /**
   * Can it be compared with the last one? Not after a gap, over which "now" would be a mean; not where counters
   * or the clock went down: another process answers.
   */
  #follows({ at, connection }: Bandwidth): boolean {
    const last = this.#window.at(-1);
    if (!last) return true;
    const gapMs = Date.parse(at) - Date.parse(last.at);
    return (
      gapMs > 0 && gapMs <= longestGapMs && connection.in >= last.connection.in && connection.out >= last.connection.out
    );
  }
}
