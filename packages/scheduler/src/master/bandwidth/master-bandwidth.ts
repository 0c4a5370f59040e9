import type { IncomingMessage, Server } from 'node:http';
import type { Registry } from '@prometheus-io/client';
import {
  type BandwidthMonitor,
  type BandwidthSnapshot,
  bytesOf,
  type ExchangeBytes,
  Listener,
  monitorBandwidth,
  toPageTotals,
} from '@weighbridge/monitor';
import { type Bandwidth, limits, nodeHeader, schedulerMetrics } from '@weighbridge/protocol';
import { findJobId } from './attempt-ref.ts';

/** The live page; one route for all files besides its script and style, because each route costs series in the metrics. */
export const pagePaths = ['/', '/page.js', '/page.css', '/page/*'];
/** What the page asks of the monitor's listener. */
const bandwidthPaths = ['', '/stream', '/history', '/window', '/endpoint', '/transfers'].map(
  (path) => `/bandwidth${path}`,
);

/** The monitor as the master uses it: on its API server alone, nodes as clients. */
export class MasterBandwidth {
  readonly #monitor: BandwidthMonitor;
  /** Its handlers answer routes of the API and of the metrics. */
  readonly listener: Listener;

  /**
   * Made before the API server, because only then the monitor hears of its routes.
   *
   * @param registry has the monitor's families among others, and is what `/metrics` answers.
   */
  constructor(registry: Registry, isKnownNode: (name: string) => boolean) {
    this.#monitor = monitorBandwidth({
      prefix: 'scheduler_',
      servers: [],
      clientOf: (request) => nodeOf(request, isKnownNode),
      maxClients: limits.nodes,
      clientMetric: { name: schedulerMetrics.nodeTransferBytes.name, label: 'node' },
      warn: (message) => console.error(message),
    });
    this.#monitor.register(registry);
    this.listener = new Listener(this.#monitor, {
      metrics: () => registry.metrics(),
      toBandwidth,
      tagTransfer: (request) => {
        const job = findJobId(request);
        return job === undefined ? {} : { job };
      },
      service: { name: 'master', hasScheduler: true, ownEndpoints: [...pagePaths, ...bandwidthPaths] },
    });
  }

  watch(server: Server): void {
    this.#monitor.watch(server);
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
    this.listener.close();
    this.#monitor.stop();
  }
}

/** Clients are nodes here. */
function toBandwidth(snapshot: BandwidthSnapshot): Bandwidth {
  const nodes = snapshot.clients.map(({ client, ...bytes }) => ({ node: client, ...bytes }));
  return { ...toPageTotals(snapshot), nodes };
}

function nodeOf(request: IncomingMessage, isKnownNode: (name: string) => boolean): string | undefined {
  const name = request.headers[nodeHeader];
  return typeof name === 'string' && isKnownNode(name) ? name : undefined;
}
