import { once } from 'node:events';
import { createServer } from 'node:http';
import { Session } from 'node:inspector/promises';
import type { AddressInfo } from 'node:net';
import { monitorBandwidth, setEndpoint } from '@weighbridge/monitor';
import { collectGarbage } from '../packages/monitor/test/support/garbage.ts';

/**
 * A server whose memory is asked for: `node memory-server.ts none|routed|raw MAX_ENDPOINTS`. `routed` names each
 * request's endpoint by its header `x-endpoint`, `raw` by its URL, as nobody should; without a header nothing is
 * matched (404).
 */
const [, , kind = 'none', maxEndpoints = '500'] = process.argv;

const monitor = kind === 'none' ? undefined : startMonitor();
const server = createServer((request, response) => {
  const endpoint = request.headers['x-endpoint'];
  if (endpoint !== undefined) setEndpoint(request, endpoint as string);
  response.statusCode = Number(request.headers['x-status'] ?? 404);
  // One byte that no head has: whoever counts answers counts these.
  response.end('!');
});
server.keepAliveTimeout = 0;
await once(server.listen(0, '127.0.0.1'), 'listening');

process.on('message', async (ask: Ask) => process.send?.(await answers[ask]()));
process.on('disconnect', () => process.exit());
process.send?.({ port: (server.address() as AddressInfo).port });

type Ask = keyof typeof answers;
const session = new Session();
session.connect();
const answers = {
  /** Live bytes: heap, and array buffers, which lie beside it. */
  live: () => {
    collectGarbage();
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  },
  connections: () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count))),
  /** A scrape makes what it keeps for the next. */
  scrape: async () => {
    const began = performance.now();
    const bytes = (await monitor?.text())?.length ?? 0;
    return { ms: performance.now() - began, bytes };
  },
  labelSets: () => {
    const endpoints = monitor?.snapshot().endpoints ?? [];
    return endpoints.reduce((sum, { responses }) => sum + 1 + responses.length, 0);
  },
  balanced: () => monitor?.snapshot().balanced ?? true,
  /** From here on allocations are sampled, also of what is soon collected. */
  sample: () =>
    session.post('HeapProfiler.startSampling', {
      samplingInterval: 256,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    } as never),
  allocated: async () => {
    const { profile } = await session.post('HeapProfiler.stopSampling');
    return profile.head;
  },
};

function startMonitor() {
  const raw = kind === 'raw' ? { endpointOf: (request: { url?: string | undefined }) => request.url } : {};
  return monitorBandwidth({ maxEndpoints: Number(maxEndpoints), ...raw });
}
