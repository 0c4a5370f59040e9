import { type Directions, unattributedReasons } from '@weighbridge/monitor';
import { sampleKey } from './exposition.ts';
import { type Amount, addAmounts, type ExpectedExchange, type ExpectedRest } from './scenario.ts';

/** What the clients know at the end of a scenario. */
export interface Truth {
  readonly exchanges: readonly ExpectedExchange[];
  readonly rest: readonly ExpectedRest[];
  /** What crossed beside the plaintext; `undefined` where the kernel dropped bytes. */
  readonly tlsOverhead: Directions | undefined;
}

const prefix = 'weighbridge_http_';
// Written here again, not imported: a bound that is wrong there must not be right here.
const bounds = [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
const ways = ['in', 'out'] as const;

/** Every sample that the exposition must have when nothing is open any more, and no other. */
export function expectedSamples({ exchanges, rest, tlsOverhead }: Truth): Map<string, Amount> {
  const samples = new Map<string, Amount>();
  const set = (name: string, labels: Record<string, string>, amount: Amount) =>
    samples.set(sampleKey(prefix + name, labels), amount);
  for (const group of groupBy(exchanges, ({ method, endpoint }) => `${method} ${endpoint}`)) {
    const { method, endpoint } = group[0] as ExpectedExchange;
    set('request_bytes_total', { method, endpoint }, sum(group, 'in'));
    set('requests_aborted_total', { method, endpoint }, group.filter(({ aborted }) => aborted).length);
    setHistogram(set, 'request_size_bytes', { method, endpoint }, group, 'in');
    for (const ended of groupBy(group, ({ status }) => status)) {
      const labels = { method, endpoint, status: (ended[0] as ExpectedExchange).status };
      set('response_bytes_total', labels, sum(ended, 'out'));
      setHistogram(set, 'response_size_bytes', labels, ended, 'out');
    }
  }
  for (const direction of ways) {
    const unattributed = sum(rest, direction);
    set('connection_bytes_total', { direction }, addAmounts(sum(exchanges, direction), unattributed));
    for (const reason of unattributedReasons) {
      const own = rest.filter((one) => one.reason === reason);
      set('unattributed_bytes_total', { direction, reason }, sum(own, direction));
    }
    set('pending_bytes', { direction }, 0);
    set('tls_overhead_bytes_total', { direction }, tlsOverhead?.[direction] ?? [0, Number.MAX_SAFE_INTEGER]);
  }
  for (const name of ['requests_in_flight', 'connections', 'endpoints_overflowed_total', 'monitor_errors_total']) {
    set(name, {}, 0);
  }
  set('capture_exact', {}, 1);
  return samples;
}

type Set = (name: string, labels: Record<string, string>, amount: Amount) => void;

function setHistogram(
  set: Set,
  name: string,
  labels: Record<string, string>,
  group: readonly ExpectedExchange[],
  way: 'in' | 'out',
): void {
  for (const bound of bounds) {
    // Of an amount that only the kernel knows, the bucket may be any of several.
    const surely = group.filter((exchange) => most(exchange[way]) <= bound).length;
    const perhaps = group.filter((exchange) => least(exchange[way]) <= bound).length;
    set(`${name}_bucket`, { ...labels, le: String(bound) }, [surely, perhaps]);
  }
  set(`${name}_bucket`, { ...labels, le: '+Inf' }, group.length);
  set(`${name}_count`, labels, group.length);
  set(`${name}_sum`, labels, sum(group, way));
}

const least = (amount: Amount) => (typeof amount === 'number' ? amount : amount[0]);
const most = (amount: Amount) => (typeof amount === 'number' ? amount : amount[1]);

function sum(items: readonly { in: Amount; out: Amount }[], way: 'in' | 'out'): Amount {
  return items.map((item) => item[way]).reduce(addAmounts, 0);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  return [...Map.groupBy(items, key).values()];
}
