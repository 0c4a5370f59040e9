import type { BandwidthSnapshot } from '../snapshot.ts';

/** What a monitor is here. */
interface SnapshotSource {
  snapshot(): BandwidthSnapshot;
}

type Attributes = Record<string, string>;

interface Result {
  observe(value: number, attributes: Attributes): void;
}

interface ObservableCounter {
  addCallback(callback: (result: Result) => void): void;
  removeCallback(callback: (result: Result) => void): void;
}

/** Of OpenTelemetry's `Meter`, what is needed; its package is not imported. */
export interface MeterLike {
  createObservableCounter(name: string, options: { unit: string; description: string }): ObservableCounter;
}

/**
 * Lets an OpenTelemetry meter observe a monitor: the counter `weighbridge.http.server.io`, in bytes, with the
 * attributes `http.request.method`, `http.route` (the endpoint's template, or `_unmatched`, `_unrouted`, `_other`)
 * and `network.io.direction` (`receive`, `transmit`). Message bytes: heads, framing and TLS records included, which
 * the conventions' body sizes are not. Read whenever the meter's reader collects.
 *
 * @returns how to end it.
 * @example
 * import { metrics } from '@opentelemetry/api';
 * observeBandwidth(metrics.getMeter('my-service'), monitorBandwidth());
 */
export function observeBandwidth(meter: MeterLike, monitor: SnapshotSource): () => void {
  const counter = meter.createObservableCounter('weighbridge.http.server.io', {
    unit: 'By',
    description: 'Message bytes that HTTP servers received and sent, TLS records included; grows while they flow.',
  });
  const observe = (result: Result) => {
    for (const { method, endpoint, requestBytes, responses } of monitor.snapshot().endpoints) {
      const attributes = { 'http.request.method': method, 'http.route': endpoint };
      const responseBytes = responses.reduce((sum, { bytes }) => sum + bytes, 0);
      result.observe(requestBytes, { ...attributes, 'network.io.direction': 'receive' });
      result.observe(responseBytes, { ...attributes, 'network.io.direction': 'transmit' });
    }
  };
  counter.addCallback(observe);
  return () => counter.removeCallback(observe);
}
