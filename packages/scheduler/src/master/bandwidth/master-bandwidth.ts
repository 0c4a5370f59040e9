import type { IncomingMessage, Server } from 'node:http';
import type { Registry } from '@prometheus-io/client';
import {
  type BandwidthMonitor,
  bytesOf,
  type ExchangeBytes,
  monitorBandwidth,
  toPageTotals,
} from '@weighbridge/monitor';
import { type Bandwidth, limits, nodeHeader, schedulerMetrics } from '@weighbridge/protocol';

/** The monitor as the master uses it: on its API server alone, nodes as clients. */
export class MasterBandwidth {
  readonly #monitor: BandwidthMonitor;

  /** Made before the API server, because only then the monitor hears of its routes. */
  constructor(isKnownNode: (name: string) => boolean) {
    this.#monitor = monitorBandwidth({
      prefix: 'scheduler_',
      servers: [],
      clientOf: (request) => nodeOf(request, isKnownNode),
      maxClients: limits.nodes,
      clientMetric: { name: schedulerMetrics.nodeTransferBytes.name, label: 'node' },
      warn: (message) => console.error(message),
    });
  }

  watch(server: Server): void {
    this.#monitor.watch(server);
  }

  register(registry: Registry): void {
    this.#monitor.register(registry);
  }

  /** The monitor's families alone, exposition format 0.0.4. */
  text(): Promise<string> {
    return this.#monitor.text();
  }

  current(): Bandwidth {
    const snapshot = this.#monitor.snapshot();
    return {
      ...toPageTotals(snapshot),
      nodes: snapshot.clients.map(({ client, ...bytes }) => ({ node: client, ...bytes })),
    };
  }

  bytesOf(request: IncomingMessage): ExchangeBytes | undefined {
    return bytesOf(request);
  }

  /** What the known routes cost in samples, and the most that can ever be exposed. */
  series(): { known: number; worstCase: number } {
    const { samples, worstCaseSamples } = this.#monitor.cost();
    return { known: samples, worstCase: worstCaseSamples };
  }

  stop(): void {
    this.#monitor.stop();
  }
}

function nodeOf(request: IncomingMessage, isKnownNode: (name: string) => boolean): string | undefined {
  const name = request.headers[nodeHeader];
  return typeof name === 'string' && isKnownNode(name) ? name : undefined;
}
