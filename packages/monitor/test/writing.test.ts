import * as successor from '@prometheus-io/client';
import * as promClient from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { toPageTotals } from '../src/export/page-totals.ts';
import type { Series } from '../src/export/series.ts';
import { CounterFamily, HistogramFamily, histogramWidth } from '../src/export/series-families.ts';
import { inSlices } from '../src/export/slices.ts';
import { Turns } from '../src/export/turns.ts';
import { type BandwidthMonitor, type BandwidthSnapshot, type MonitorOptions, monitorBandwidth } from '../src/index.ts';
import { metricFamilies } from '../src/metric-names.ts';

const slice = 262_144;
const monitors: BandwidthMonitor[] = [];

afterEach(() => {
  for (const monitor of monitors.splice(0)) monitor.stop();
});

function monitored(options: MonitorOptions = {}): BandwidthMonitor {
  const monitor = monitorBandwidth({ servers: [], ...options });
  monitors.push(monitor);
  return monitor;
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('a long text', () => {
  test.each([
    [0, []],
    [1, [1]],
    [slice, [slice]],
    [slice + 1, [slice, 1]],
    [3 * slice, [slice, slice, slice]],
  ])('of %d characters goes in slices, and is the same', async (length, lengths) => {
    const text = Array.from({ length }, (_, index) => String.fromCharCode(97 + (index % 26))).join('');
    const slices: string[] = [];
    for await (const each of inSlices(text)) slices.push(each);
    expect(slices.map((each) => each.length)).toEqual(lengths);
    expect(slices.join('') === text).toBe(true);
  });

  test('lets others run between two slices, and not after the last', async () => {
    let turns = 0;
    const count = () => {
      turns++;
      pending = setImmediate(count);
    };
    let pending = setImmediate(count);
    const seen: number[] = [];
    for await (const _ of inSlices('x'.repeat(2 * slice))) seen.push(turns);
    clearImmediate(pending);
    expect((seen[1] as number) > (seen[0] as number)).toBe(true);
    expect(turns).toBe(seen[1]);
  });
});

test('a turn is over after two milliseconds, and the next one begins anew', async () => {
  const turns = new Turns();
  expect(turns.over).toBe(false);
  spin(5);
  expect(turns.over).toBe(true);
  await turns.next();
  expect(turns.over).toBe(false);
});

describe('a family of many series', () => {
  const series = (count: number): Series[] =>
    Array.from({ length: count }, (_, index) => ({ text: `endpoint="/${index}"` }) as Series);
  const count = (text: string, part: string) => text.split(part).length - 1;

  test.each([
    [0, []],
    [64, [64]],
    [65, [64, 1]],
    [128, [64, 64]],
  ])('of %d is formatted at most 64 at a stretch', (length, stretches) => {
    const counters = new CounterFamily(metricFamilies.requestBytes, series(length), new Float64Array(length));
    expect([...counters.pieces('name', '')].map((piece) => count(piece, '\n'))).toEqual(stretches);
    const numbers = new Float64Array(length * histogramWidth);
    const histograms = new HistogramFamily(metricFamilies.requestSize, series(length), numbers);
    expect([...histograms.pieces('name', '')].map((piece) => count(piece, 'name_sum{'))).toEqual(stretches);
  });
});

describe('a scrape of many series', () => {
  const endpoints = 4900;
  const fill = (monitor: BandwidthMonitor) => {
    for (let index = 0; index < endpoints; index++) monitor.source.ledger.endpoints.find('GET', `/${index}`);
  };
  const turnsDuring = async (action: () => Promise<unknown>) => {
    let turns = 0;
    const next = () => {
      turns++;
      pending = setImmediate(next);
    };
    let pending = setImmediate(next);
    await action();
    clearImmediate(pending);
    return turns;
  };

  test('lets others run while it is written, though not after each piece', async () => {
    const monitor = monitored({ maxEndpoints: 5000 });
    fill(monitor);
    const turns = await turnsDuring(() => monitor.text());
    expect(turns).toBeGreaterThan(2);
    expect(turns).toBeLessThan(2 * Math.ceil(endpoints / 64));
  });

  test('does so while a registry writes it', async () => {
    const registry = new promClient.Registry();
    const monitor = monitored({ maxEndpoints: 5000 });
    monitor.register(registry as never);
    fill(monitor);
    const turns = await turnsDuring(() => registry.metrics());
    expect(turns).toBeGreaterThan(2);
    expect(turns).toBeLessThan(2 * Math.ceil(endpoints / 64));
  });
});

test('the page gets totals without statuses and reasons', () => {
  const snapshot = {
    at: '2026-01-01T00:00:00.000Z',
    connection: { in: 1, out: 2 },
    endpointsTotal: { in: 3, out: 4 },
    unattributedTotal: { in: 5, out: 6 },
    pending: { in: 7, out: 8 },
    open: { connections: 9, exchanges: 10 },
    balanced: true,
    endpoints: [
      {
        method: 'GET',
        endpoint: '/a',
        requestBytes: 11,
        exchanges: 2,
        aborted: 1,
        responses: [
          { status: '200', bytes: 100, exchanges: 1 },
          { status: '404', bytes: 20, exchanges: 1 },
        ],
      },
    ],
  } as unknown as BandwidthSnapshot;
  expect(toPageTotals(snapshot)).toEqual({
    at: '2026-01-01T00:00:00.000Z',
    connection: { in: 1, out: 2 },
    endpointsTotal: { in: 3, out: 4 },
    unattributed: { in: 5, out: 6 },
    pending: { in: 7, out: 8 },
    openConnections: 9,
    inFlight: 10,
    balanced: true,
    endpoints: [{ method: 'GET', endpoint: '/a', requestBytes: 11, responseBytes: 120, exchanges: 2 }],
  });
});

describe.each([
  ['prom-client', () => new promClient.Registry(), promClient.Gauge],
  ['@prometheus-io/client', () => new successor.Registry(), successor.Gauge],
])('a registry of %s', (_name, create, Gauge) => {
  const names = ['weighbridge_http_connections', 'weighbridge_http_pending_bytes'];

  test.each([
    [1, `a metric '${names[0]}' already, ours of that name is not registered`],
    [2, `metrics '${names[0]}', '${names[1]}' already, ours of that name are not registered`],
  ])('that has %d of our names is told in one sentence', (count, sentence) => {
    const registry = create();
    // biome-ignore lint/suspicious/noExplicitAny: two libraries of the same shape
    for (const name of names.slice(0, count)) new (Gauge as any)({ name, help: 'x', registers: [registry] });
    const told: string[] = [];
    monitored({ warn: (message) => told.push(message) }).register(registry as never);
    expect(told).toEqual([
      `weighbridge: the registry has ${sentence}; choose another option prefix than 'weighbridge_'`,
    ]);
  });

  test('keeps a default label from a sample that has one of that name, `le` only from histograms', async () => {
    const registry = create();
    registry.setDefaultLabels({ endpoint: 'default', le: 'default', service: 's' });
    const monitor = monitored();
    monitor.register(registry as never);
    monitor.source.ledger.endpoints.find('GET', '/a');
    const lines = (await registry.metrics()).split('\n');
    const find = (start: string) => lines.find((line) => line.startsWith(start)) ?? '';
    expect(find('weighbridge_http_request_bytes_total{')).toContain('endpoint="/a"');
    expect(find('weighbridge_http_request_bytes_total{')).toMatch(
      /le="default".*service="s"|service="s".*le="default"/,
    );
    expect(find('weighbridge_http_request_size_bytes_bucket{')).toContain('le="100"');
    expect(find('weighbridge_http_request_size_bytes_bucket{')).not.toContain('le="default"');
  });
});
