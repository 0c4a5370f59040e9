import * as successor from '@prometheus-io/client';
import * as promClient from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { type MonitorOptions, metricFamilies, type RegistryLike, setEndpoint } from '../src/index.ts';
import { MonitoredServer } from './support/monitored-server.ts';

const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8' as const;
const plainText = 'text/plain; version=0.0.4; charset=utf-8' as const;

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A server that has answered one request each for two endpoints, one with odd characters. */
async function usedServer(options: MonitorOptions = {}): Promise<MonitoredServer> {
  const monitored = await MonitoredServer.start(
    (request, response) => {
      setEndpoint(request, request.url === '/odd' ? '/a"b\\c\nd' : '/jobs/:id');
      response.end('hello');
    },
    { prefix: 'shop_', clientOf: () => 'acme', ...options },
  );
  stops.push(() => monitored.stop());
  for (const path of ['/jobs/7', '/odd']) {
    await (await fetch(`http://127.0.0.1:${monitored.port}${path}`, { headers: { connection: 'close' } })).text();
  }
  await monitored.drained();
  return monitored;
}

const lines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .sort();

describe.each([
  ['@prometheus-io/client', successor],
  ['prom-client', promClient],
] as const)('%s', (_name, client) => {
  type Registry = successor.Registry & promClient.Registry<successor.RegistryContentType>;
  const newRegistry = () => new (client.Registry as unknown as new () => Registry)();

  test('every family shows in a registry of its own, the same as in text()', async () => {
    const { monitor } = await usedServer();
    const registry = newRegistry();
    monitor.register(registry);
    expect(lines(await registry.metrics())).toEqual(lines(await monitor.text()));
  });

  test("every family shows in the default registry, beside the application's own", async () => {
    const registry = client.register as Registry;
    stops.push(() => registry.clear());
    const { monitor } = await usedServer();
    new client.Counter({ name: 'orders_total', help: 'Orders.' }).inc(3);
    monitor.register(registry);
    const text = await registry.metrics();
    expect(text).toContain('orders_total 3\n');
    expect(lines(text)).toEqual(expect.arrayContaining(lines(await monitor.text())));
  });

  test('OpenMetrics asked for once keeps `_total`, once, then and afterwards', async () => {
    const { monitor } = await usedServer();
    const registry = newRegistry();
    monitor.register(registry);
    registry.setContentType(openMetrics as never);
    for (let time = 0; time < 2; time++) {
      const text = await registry.metrics();
      expect(text).toContain('# TYPE shop_http_request_bytes counter\n');
      expect(text).toContain('\nshop_http_request_bytes_total{method="GET",endpoint="/jobs/:id"} ');
      expect(text).toContain('\nshop_http_connection_bytes_total{direction="in"} ');
      expect(text).not.toContain('_total_total');
      expect(text).toMatch(/\n# EOF\n$/);
    }
    registry.setContentType(plainText as never);
    expect(lines(await registry.metrics())).toEqual(lines(await monitor.text()));
    expect(registry.getSingleMetric('shop_http_request_bytes_total')).toBeDefined();
  });

  test.each([openMetrics, plainText])('default labels are on every sample: %s', async (contentType) => {
    const { monitor } = await usedServer();
    const registry = newRegistry();
    registry.setDefaultLabels({ env: 'te"st', shard: 7, method: 'not ours' });
    monitor.register(registry);
    registry.setContentType(contentType as never);
    const samples = (await registry.metrics()).split('\n').filter((line) => /^[^#]/.test(line));
    expect(samples.length).toBeGreaterThan(70);
    expect(samples.filter((line) => !line.includes('env="te\\"st",shard="7"'))).toEqual([]);
    expect(samples).toContainEqual(
      expect.stringMatching(
        /^shop_http_request_bytes_total\{method="GET",endpoint="\/jobs\/:id",env=.*,shard="7"} \d+$/,
      ),
    );
  });

  test('a registry whose default labels can not be seen formats for itself, the same', async () => {
    const { monitor } = await usedServer();
    const registry = newRegistry();
    const shell: RegistryLike = {
      registerMetric: (metric: never) => registry.registerMetric(metric),
      getSingleMetric: (name) => registry.getSingleMetric(name),
    };
    monitor.register(shell);
    expect(lines(await registry.metrics())).toEqual(lines(await monitor.text()));
  });

  test('resetMetrics leaves our counters, and clear then register brings them back', async () => {
    const { monitor } = await usedServer();
    const registry = newRegistry();
    monitor.register(registry);
    registry.resetMetrics();
    expect(lines(await registry.metrics())).toEqual(lines(await monitor.text()));
    registry.clear();
    monitor.register(registry);
    expect(lines(await registry.metrics())).toEqual(lines(await monitor.text()));
  });

  test("a clash with the application's own metrics is one warning that names them and the option, and no throw", async () => {
    const warnings: string[] = [];
    const { monitor } = await usedServer({ warn: (message) => warnings.push(message) });
    const registry = newRegistry();
    for (const name of ['shop_http_connections', 'shop_http_pending_bytes']) {
      new client.Gauge({ name, help: 'Mine.', registers: [registry as never] });
    }
    monitor.register(registry);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("'shop_http_connections', 'shop_http_pending_bytes'");
    expect(warnings[0]).toContain("option prefix than 'shop_'");
    const text = await registry.metrics();
    expect(text).toContain('# HELP shop_http_connections Mine.\n');
    expect(text.match(/^# TYPE shop_/gm)).toHaveLength(Object.keys(metricFamilies).length);
  });

  test('registered twice is registered once, in silence', async () => {
    const { monitor } = await usedServer();
    const registry = newRegistry();
    monitor.register(registry);
    monitor.register(registry);
    expect(lines(await registry.metrics())).toEqual(lines(await monitor.text()));
  });

  test("the cluster's aggregator sums what two workers report", async () => {
    const { monitor } = await usedServer();
    const registry = newRegistry();
    monitor.register(registry);
    const report = async () => JSON.parse(JSON.stringify(await registry.getMetricsAsJSON())) as object[];
    const sum = await client.AggregatorRegistry.aggregate([await report(), await report()]).metrics();
    const [{ requestBytes } = { requestBytes: 0 }] = monitor.snapshot().endpoints;
    expect(sum).toContain(`shop_http_request_bytes_total{method="GET",endpoint="/jobs/:id"} ${2 * requestBytes}\n`);
    expect(sum).toContain('shop_http_request_size_bytes_bucket{method="GET",endpoint="/jobs/:id",le="1000"} 2\n');
    expect(sum).toContain('shop_http_capture_exact 1\n');
  });

  test('one scrape is one moment, though it is written in many turns', async () => {
    const monitored = await MonitoredServer.start((_request, response) => void response.end('hello'), {
      prefix: 'shop_',
      endpointOf: (request) => request.url,
    });
    stops.push(() => monitored.stop());
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${monitored.port}${path}`)).text();
    for (let path = 0; path < 500; path++) await ask(`/${path}`);
    const registry = newRegistry();
    monitored.monitor.register(registry);
    let [going, asked] = [true, 0];
    const traffic = (async () => {
      while (going) await ask(`/${asked++ % 500}`);
    })();
    for (let scrape = 0; scrape < 20; scrape++)
      expect(imbalanceOf(await registry.metrics())).toEqual({ in: 0, out: 0 });
    going = false;
    await traffic;
    expect(asked).toBeGreaterThan(1);
  });
});

/** What the text's books miss, by direction. */
function imbalanceOf(text: string): { in: number; out: number } {
  const sum = (pattern: RegExp) => [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  const of = (direction: 'in' | 'out', message: 'request' | 'response') =>
    sum(new RegExp(`^shop_http_connection_bytes_total{direction="${direction}"} (\\d+)$`, 'gm')) -
    sum(new RegExp(`^shop_http_${message}_bytes_total{.*} (\\d+)$`, 'gm')) -
    sum(new RegExp(`^shop_http_unattributed_bytes_total{direction="${direction}".*} (\\d+)$`, 'gm')) -
    sum(new RegExp(`^shop_http_pending_bytes{direction="${direction}"} (\\d+)$`, 'gm'));
  return { in: of('in', 'request'), out: of('out', 'response') };
}
