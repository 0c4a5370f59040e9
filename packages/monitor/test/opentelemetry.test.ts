import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, expect, test } from 'vitest';
import { observeBandwidth } from '../src/export/opentelemetry.ts';
import { setEndpoint } from '../src/index.ts';
import { MonitoredServer } from './support/monitored-server.ts';
import { RawClient } from './support/raw-client.ts';

interface Point {
  asInt?: string | number;
  asDouble?: number;
  attributes: { key: string; value: { stringValue: string } }[];
}
interface Metric {
  name: string;
  unit: string;
  sum: { isMonotonic: boolean; aggregationTemporality: number; dataPoints: Point[] };
}
interface Export {
  resourceMetrics: { scopeMetrics: { metrics: Metric[] }[] }[];
}

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** An OTLP collector that keeps what it was sent. */
async function startCollector(): Promise<{ url: string; requests: IncomingMessage[]; exports: Export[] }> {
  const [requests, exports]: [IncomingMessage[], Export[]] = [[], []];
  const server = createServer(async (request, response) => {
    requests.push(request);
    exports.push((await json(request)) as Export);
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stops.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`, requests, exports };
}

function startMeter(url: string): MeterProvider {
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url }),
    exportIntervalMillis: 3_600_000,
  });
  const provider = new MeterProvider({ readers: [reader] });
  stops.push(() => provider.shutdown());
  return provider;
}

const metricOf = (exported: Export | undefined) =>
  exported?.resourceMetrics[0]?.scopeMetrics[0]?.metrics.find(({ name }) => name === 'weighbridge.http.server.io');

const pointsOf = (metric: Metric | undefined) =>
  metric?.sum.dataPoints.map(({ attributes, asInt, asDouble }) => ({
    ...Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])),
    bytes: Number(asInt ?? asDouble),
  }));

test('an OTLP export carries the bytes of each route, in both directions, as a cumulative counter', async () => {
  const monitored = await MonitoredServer.start((request, response) => {
    setEndpoint(request, '/jobs/:id');
    response.end('hello');
  });
  stops.push(() => monitored.stop());
  const collector = await startCollector();
  const provider = startMeter(collector.url);
  observeBandwidth(provider.getMeter('test'), monitored.monitor);

  const client = await RawClient.open(monitored.port);
  for (const path of ['/jobs/1', '/jobs/2']) {
    client.received = '';
    client.send(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await client.until(/hello/);
    await provider.forceFlush();
  }

  expect(collector.requests[0]?.url).toBe('/v1/metrics');
  const metric = metricOf(collector.exports[1]);
  expect(metric).toMatchObject({ unit: 'By', sum: { isMonotonic: true, aggregationTemporality: 2 } });
  const labels = { 'http.request.method': 'GET', 'http.route': '/jobs/:id' };
  expect(pointsOf(metric)).toEqual([
    { ...labels, 'network.io.direction': 'receive', bytes: client.socket.bytesWritten },
    { ...labels, 'network.io.direction': 'transmit', bytes: client.socket.bytesRead },
  ]);
  await client.end();
});

test('once ended, it observes no more', async () => {
  const monitored = await MonitoredServer.start((_request, response) => void response.end('hello'));
  stops.push(() => monitored.stop());
  const collector = await startCollector();
  const provider = startMeter(collector.url);
  const end = observeBandwidth(provider.getMeter('test'), monitored.monitor);
  const ask = async () => (await fetch(`http://127.0.0.1:${monitored.port}`)).text();
  await ask();
  await provider.forceFlush();
  end();
  await ask();
  await provider.forceFlush();
  expect(pointsOf(metricOf(collector.exports[1]))).toEqual(pointsOf(metricOf(collector.exports[0])));
});
