import { type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import * as successor from '@prometheus-io/client';
import type { BandwidthMonitor, BandwidthSnapshot } from '@weighbridge/monitor';
import { observeBandwidth } from '@weighbridge/monitor/opentelemetry';
import * as promClient from 'prom-client';
import { expectedSamples, type Truth } from './expected-samples.ts';
import { parseSamples } from './exposition.ts';
import { type Amount, holds } from './scenario.ts';

/** Collects when it is asked. */
class OnDemandReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** Every way that a monitor's numbers leave it by, opened before anything is counted. */
export class WaysOut {
  readonly #monitor: BandwidthMonitor;
  readonly #registries = {
    'prom-client': new promClient.Registry(),
    '@prometheus-io/client': new successor.Registry(),
  };
  readonly #reader = new OnDemandReader();
  readonly #provider = new MeterProvider({ readers: [this.#reader] });

  constructor(monitor: BandwidthMonitor) {
    this.#monitor = monitor;
    for (const registry of Object.values(this.#registries)) monitor.register(registry);
    observeBandwidth(this.#provider.getMeter('accuracy'), monitor);
  }

  /** At rest: where a way out contradicts the clients, or another way. */
  async faults(snapshot: BandwidthSnapshot, truth: Truth): Promise<string[]> {
    const text = parseSamples(await this.#monitor.text());
    return [
      ...contradictions(expectedSamples(truth), text),
      ...(await this.#registryFaults(text)),
      ...(await this.#openTelemetryFaults(snapshot)),
      ...snapshotFaults(snapshot, text),
    ];
  }

  async #registryFaults(text: ReadonlyMap<string, number>): Promise<string[]> {
    const faults = Object.entries(this.#registries).map(async ([name, registry]) => {
      const samples = parseSamples(await registry.metrics());
      return differences(text, samples).map((fault) => `${name}: ${fault}`);
    });
    return (await Promise.all(faults)).flat();
  }

  async #openTelemetryFaults({ endpoints }: BandwidthSnapshot): Promise<string[]> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    const points = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ dataPoints }) => dataPoints as DataPoint<number>[]),
    );
    const observed = new Map(
      points.map(({ attributes, value }) => [Object.values(attributes).join(' '), value as number] as const),
    );
    const expected = new Map(
      endpoints.flatMap(({ method, endpoint, requestBytes, responses }) => [
        [`${method} ${endpoint} receive`, requestBytes] as const,
        [`${method} ${endpoint} transmit`, responses.reduce((total, { bytes }) => total + bytes, 0)] as const,
      ]),
    );
    return [...differences(expected, observed), ...errors.map(String)].map((fault) => `OpenTelemetry: ${fault}`);
  }
}

function contradictions(expected: ReadonlyMap<string, Amount>, samples: ReadonlyMap<string, number>): string[] {
  const wrong = [...expected].flatMap(([key, amount]) => {
    const value = samples.get(key);
    if (value === undefined) return [`${key} is missing`];
    return holds(amount, value) ? [] : [`${key}: expected ${[amount].flat().join(' to ')}, got ${value}`];
  });
  const surprises = [...samples].filter(([key]) => !expected.has(key));
  return [...wrong, ...surprises.map(([key, value]) => `${key} was not expected: ${value}`)];
}

function differences(expected: ReadonlyMap<string, number>, actual: ReadonlyMap<string, number>): string[] {
  return [...new Set([...expected.keys(), ...actual.keys()])]
    .filter((key) => expected.get(key) !== actual.get(key))
    .map((key) => `${key}: expected ${expected.get(key)}, got ${actual.get(key)}`);
}

/** What the snapshot says beside its endpoints, which the verdict looks at. */
function snapshotFaults(
  { tlsOverhead, open, balanced }: BandwidthSnapshot,
  text: ReadonlyMap<string, number>,
): string[] {
  const own = new Map([
    ['weighbridge_http_tls_overhead_bytes_total{direction="in"}', tlsOverhead.in],
    ['weighbridge_http_tls_overhead_bytes_total{direction="out"}', tlsOverhead.out],
    ['weighbridge_http_requests_in_flight', open.exchanges],
    ['weighbridge_http_connections', open.connections],
  ]);
  const faults = differences(own, new Map([...text].filter(([key]) => own.has(key))));
  return [...faults, ...(balanced ? [] : ['it does not balance'])].map((fault) => `snapshot: ${fault}`);
}
