import type { Bandwidth, BandwidthHistory, ServiceInfo } from '@weighbridge/protocol';
import { RateMeter, type Rates } from './rates.ts';
import { type Directions, Timeline, toPoints } from './timeline.ts';

/** What the page is doing: asking for a token, waiting for the first totals, showing them, or showing old ones. */
export type Status =
  | { readonly name: 'ask'; readonly complaint: string }
  | { readonly name: 'connecting' }
  | { readonly name: 'live' }
  | { readonly name: 'lost'; readonly why: string; readonly retryMs: number };

/** Whose bytes a chart shows, other than everybody's. */
export type Key =
  | { readonly kind: 'endpoint'; readonly method: string; readonly endpoint: string }
  | { readonly kind: 'client'; readonly client: string };

/** All that the page knows of the service. */
export class Model {
  status: Status = { name: 'connecting' };
  service: ServiceInfo | undefined;
  bandwidth: Bandwidth | undefined;
  rates: Rates | undefined;
  /** When the service's processes started, Unix time in ms. */
  starts: readonly number[] = [];
  /** Everybody's bytes, and those without what this page itself moves. */
  readonly all = new Timeline();
  readonly others = new Timeline();
  readonly #meter = new RateMeter();
  /** The sample before; none where the stream has just begun. */
  #before: Bandwidth | undefined;
  #keyed: { readonly text: string; readonly key: Key; readonly timeline: Timeline } | undefined;

  /** The history that the stream begins with. */
  takeHistory(history: BandwidthHistory): void {
    this.starts = history.starts;
    if (history.resolution === 'second') this.#before = undefined;
    if (history.resolution === 'second') {
      this.all.fillSeconds(toPoints(history, true));
      this.others.fillSeconds(toPoints(history, false));
    } else {
      this.all.fillMinutes(toPoints(history, true));
      this.others.fillMinutes(toPoints(history, false));
    }
  }

  /** The next second. */
  takeBandwidth(bandwidth: Bandwidth): void {
    const before = this.#before;
    this.#before = bandwidth;
    this.bandwidth = bandwidth;
    this.rates = this.#meter.add(bandwidth);
    this.status = { name: 'live' };
    const atMs = Date.parse(bandwidth.at);
    // The stream repeats the sample that its history ends with.
    if (!before || atMs <= (this.all.seconds.at(-1)?.atMs ?? 0)) return;
    const lengthMs = atMs - Date.parse(before.at);
    const moved = minus(bandwidth.connection, before.connection);
    const own = minus(this.sumOwn(bandwidth), this.sumOwn(before));
    this.all.add(atMs, lengthMs, moved);
    this.others.add(atMs, lengthMs, minus(moved, own));
    if (!this.#keyed) return;
    const { key, timeline } = this.#keyed;
    timeline.add(atMs, lengthMs, minus(findTotals(key, bandwidth), findTotals(key, before)));
  }

  /** The bytes of one endpoint or client: empty until {@link takeKeyHistory} had its history. */
  timelineFor(key: Key): Timeline {
    const text = JSON.stringify(key);
    if (this.#keyed?.text !== text) this.#keyed = { text, key, timeline: new Timeline() };
    return this.#keyed.timeline;
  }

  takeKeyHistory(key: Key, history: BandwidthHistory): void {
    const timeline = this.timelineFor(key);
    const points = toPoints(history);
    if (history.resolution === 'minute') {
      timeline.fillMinutes(points);
      return;
    }
    // Seconds that came while the history was on its way.
    const since = timeline.seconds.filter(({ atMs }) => atMs > (points.at(-1)?.atMs ?? 0));
    timeline.fillSeconds([...points, ...since]);
  }

  isOwn(endpoint: string): boolean {
    return this.service?.ownEndpoints.includes(endpoint) ?? false;
  }

  /** What this page's own endpoints have moved since the start. */
  sumOwn({ endpoints }: Bandwidth): Directions {
    const own = { in: 0, out: 0 };
    if (!this.service || this.service.ownEndpoints.length === 0) return own;
    for (const { endpoint, requestBytes, responseBytes } of endpoints) {
      if (!this.isOwn(endpoint)) continue;
      own.in += requestBytes;
      own.out += responseBytes;
    }
    return own;
  }
}

/** What an endpoint or a client has moved since the start. */
function findTotals(key: Key, { endpoints, clients }: Bandwidth): Directions {
  if (key.kind === 'client') return clients.find(({ client }) => client === key.client) ?? { in: 0, out: 0 };
  const found = endpoints.find(({ method, endpoint }) => method === key.method && endpoint === key.endpoint);
  return { in: found?.requestBytes ?? 0, out: found?.responseBytes ?? 0 };
}

/** Never below zero: a service that was started again counts from the start. */
function minus(now: Directions, before: Directions): Directions {
  return { in: Math.max(0, now.in - before.in), out: Math.max(0, now.out - before.out) };
}
