import type {
  Bandwidth,
  BandwidthEvent,
  BandwidthTransfers,
  JobSummary,
  Node,
  ServiceInfo,
} from '@weighbridge/protocol';

/** Seconds that a sparkline can show. */
const keptSeconds = 300;

export interface Directions {
  readonly in: number;
  readonly out: number;
}

/** One endpoint, with its bytes per second in the last second. */
export interface EndpointLine {
  readonly method: string;
  readonly endpoint: string;
  readonly in: number;
  readonly out: number;
  readonly rate: number;
  readonly exchanges: number;
}

export const sortKeys = ['rate', 'in', 'out', 'exchanges', 'name'] as const;
export type SortKey = (typeof sortKeys)[number];

/** All that `top` knows of a service. */
export class TopState {
  service: ServiceInfo | undefined;
  bandwidth: Bandwidth | undefined;
  /** Bytes per second, a second each, oldest first; without the traffic of live pages and of `top` itself. */
  readonly rates: Directions[] = [];
  endpoints: readonly EndpointLine[] = [];
  transfers: BandwidthTransfers['transfers'] = [];
  nodes: readonly Node[] = [];
  jobs: readonly JobSummary[] = [];
  /** Why nothing comes any more. */
  lost: string | undefined;
  #before: Bandwidth | undefined;

  take(event: BandwidthEvent): void {
    if (event.type === 'service') this.service = event.service;
    else if (event.type === 'history') this.#takeHistory(event.history.points);
    else this.#takeBandwidth(event.bandwidth);
  }

  isOwn(endpoint: string): boolean {
    return this.service?.ownEndpoints.includes(endpoint) ?? false;
  }

  /** What moved since the start without the service's own pages. */
  totals(): Directions {
    const { bandwidth } = this;
    if (!bandwidth) return { in: 0, out: 0 };
    const own = this.#sumOwn(bandwidth);
    return { in: bandwidth.connection.in - own.in, out: bandwidth.connection.out - own.out };
  }

  /** By a key, the largest first; names from the first on. */
  sorted(key: SortKey): EndpointLine[] {
    const byName = (a: EndpointLine, b: EndpointLine) =>
      a.endpoint.localeCompare(b.endpoint) || a.method.localeCompare(b.method);
    return [...this.endpoints].sort((a, b) => (key === 'name' ? 0 : b[key] - a[key]) || byName(a, b));
  }

  #takeHistory(points: readonly (readonly (number | null)[])[]): void {
    this.#before = undefined;
    this.rates.length = 0;
    for (const [, ms, bytesIn, bytesOut, ownIn, ownOut] of points.slice(-keptSeconds)) {
      const perSecond = (all: number | null | undefined, own: number | null | undefined) =>
        (((all ?? 0) - (own ?? 0)) / Math.max(1, ms ?? 1)) * 1000;
      this.rates.push({ in: perSecond(bytesIn, ownIn), out: perSecond(bytesOut, ownOut) });
    }
  }

  #takeBandwidth(bandwidth: Bandwidth): void {
    const before = this.#before;
    const [totalsBefore, ms] = [this.totals(), before ? Date.parse(bandwidth.at) - Date.parse(before.at) : 0];
    this.#before = bandwidth;
    this.bandwidth = bandwidth;
    this.lost = undefined;
    const perSecond = (bytes: number) => (ms > 0 ? Math.max(0, (bytes / ms) * 1000) : 0);
    if (before && ms > 0) {
      const totals = this.totals();
      this.rates.push({ in: perSecond(totals.in - totalsBefore.in), out: perSecond(totals.out - totalsBefore.out) });
      if (this.rates.length > keptSeconds) this.rates.shift();
    }
    const known = new Map(before?.endpoints.map((one) => [`${one.method} ${one.endpoint}`, one]));
    this.endpoints = bandwidth.endpoints
      .filter(({ endpoint, requestBytes, responseBytes }) => !this.isOwn(endpoint) && requestBytes + responseBytes > 0)
      .map(({ method, endpoint, requestBytes, responseBytes, exchanges }) => {
        const earlier = known.get(`${method} ${endpoint}`);
        const moved = requestBytes + responseBytes - (earlier ? earlier.requestBytes + earlier.responseBytes : 0);
        const rate = before ? perSecond(moved) : 0;
        return { method, endpoint, in: requestBytes, out: responseBytes, rate, exchanges };
      });
  }

  #sumOwn({ endpoints }: Bandwidth): Directions {
    const own = { in: 0, out: 0 };
    for (const { endpoint, requestBytes, responseBytes } of endpoints) {
      if (!this.isOwn(endpoint)) continue;
      own.in += requestBytes;
      own.out += responseBytes;
    }
    return own;
  }
}
