import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import * as prometheusClient from '@prometheus-io/client';
import { inSlices, monitorBandwidth } from '@weighbridge/monitor';
import * as promClient from 'prom-client';
import { promClientByHand } from './prom-client-by-hand.ts';

/** `/metrics` with many series: `node scrape-server.ts monitor|by-hand @prometheus-io/client|prom-client SAMPLES`. */
const [, , what, clientName, wanted = '22000'] = process.argv;
const statuses = [200, 400, 500];
/** Three statuses of an endpoint: its request's cell and three response cells, each a counter and a histogram. */
const samplesPerEndpoint = (1 + statuses.length) * 12;

// Both have the classes of prom-client; their types differ in what is private.
const client = (clientName === 'prom-client' ? promClient : prometheusClient) as typeof promClient;
const registry = new client.Registry();
const endpoints = Array.from(
  { length: Math.ceil(Number(wanted) / samplesPerEndpoint) },
  (_, index) => `/api/v1/things/:id/part-${index}`,
);
const text = what === 'monitor' ? await fillMonitor() : fillByHand();
const metrics = createServer(async (_request, response) => {
  response.setHeader('content-type', registry.contentType);
  await pipeline(inSlices(await registry.metrics()), response);
});
await once(metrics.listen(0, '127.0.0.1'), 'listening');

process.on('message', async (ask: Ask) => process.send?.(await answers[ask]()));
process.on('disconnect', () => process.exit());
process.send?.({ port: (metrics.address() as AddressInfo).port });

type Ask = 'cpu' | 'text' | 'turns' | 'longest';
let longest = 0;
const answers: Record<Ask, () => unknown> = {
  cpu: () => cpuMs(),
  text: () => timeText(),
  // From here on every turn is timed; a loop that never rests has no pause between them.
  turns: () => {
    timeTurns();
    return null;
  },
  longest: () => {
    const ms = longest;
    longest = 0;
    return ms;
  },
};

/** Of the process: the thread's own figure moves in steps of a scheduler's tick. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Best of 20: on a machine with others, the least disturbed. */
async function timeText(): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 20; time++) {
    const began = performance.now();
    // Its first character makes one flat string of it.
    (await text()).charCodeAt(0);
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

function timeTurns(): void {
  let began = performance.now();
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - began);
    began = now;
    setImmediate(turn);
  };
  setImmediate(turn);
}

/** By requests, as in life. */
async function fillMonitor(): Promise<() => Promise<string>> {
  const server = createServer((request, response) => {
    response.statusCode = Number(request.headers['x-status']);
    response.end('hello');
  });
  const monitor = monitorBandwidth({ servers: [server], maxEndpoints: 5000, endpointOf: (request) => request.url });
  monitor.register(registry as never);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  for (const endpoint of endpoints) {
    for (const status of statuses) {
      socket.write(`GET ${endpoint} HTTP/1.1\r\nhost: x\r\nx-status: ${status}\r\n\r\n`);
      await once(socket, 'data');
    }
  }
  socket.end();
  return () => monitor.text();
}

function fillByHand(): () => Promise<string> {
  const observe = promClientByHand(registry, client);
  for (const endpoint of endpoints) {
    for (const status of statuses) observe({ method: 'GET', endpoint, status, requestBytes: 131, responseBytes: 1310 });
  }
  return () => registry.metrics();
}
