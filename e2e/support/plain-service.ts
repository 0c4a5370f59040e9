import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorBandwidth } from '@weighbridge/monitor';

/** A Node service as anyone has one: it reads what is sent to `/echo` and sends it back. */
export interface PlainService {
  readonly url: string;
  /** `host:port` of its metrics. */
  readonly metricsTarget: string;
  stop(): void;
}

/** Starts one with the monitor, on free ports of 127.0.0.1. It lists no routes, so no endpoint stands at 0. */
export async function startPlainService(): Promise<PlainService> {
  const service = createServer((request, response) => void request.pipe(response));
  const monitor = monitorBandwidth({
    servers: [service],
    endpointOf: (request) => (request.url === '/echo' ? '/echo' : undefined),
    clientOf: (request) => request.headers['x-client']?.toString(),
  });
  const metrics = createServer(async (_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(await monitor.text());
  });
  const [address, metricsTarget] = await Promise.all([listen(service), listen(metrics)]);
  return {
    url: `http://${address}`,
    metricsTarget,
    stop: () => {
      for (const server of [service, metrics]) {
        server.close();
        server.closeAllConnections();
      }
      monitor.stop();
    },
  };
}

/** A server that answers with what `fetchText` gives, as text 0.0.4. Returns its `host:port` and how to stop it. */
export async function serveMetricsText(fetchText: () => Promise<string>): Promise<{ target: string; stop(): void }> {
  const server = createServer(async (_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(await fetchText());
  });
  const target = await listen(server);
  return { target, stop: () => void server.close().closeAllConnections() };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
