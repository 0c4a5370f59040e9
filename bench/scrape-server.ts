import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Registry } from '@prometheus-io/client';
import { monitorBandwidth } from '@weighbridge/monitor';
import { Registry as PromClientRegistry } from 'prom-client';

/** `/metrics` of a monitor with many series: `node scrape-server.ts @prometheus-io/client|prom-client SAMPLES`. */
const [, , client, wanted = '22000'] = process.argv;
const registry = client === 'prom-client' ? new PromClientRegistry() : new Registry();

const server = createServer((request, response) => {
  response.statusCode = Number(request.headers['x-status']);
  response.end('hello');
});
const monitor = monitorBandwidth({ servers: [server], maxEndpoints: 5000, endpointOf: (request) => request.url });
monitor.register(registry);
const metrics = createServer(async (_request, response) => {
  response.setHeader('content-type', registry.contentType);
  response.end(await registry.metrics());
});

for (const one of [server, metrics]) await once(one.listen(0, '127.0.0.1'), 'listening');
await fill(Number(wanted));
process.on('message', async (ask: Ask) => process.send?.(await answers[ask]()));
process.on('disconnect', () => process.exit());
process.send?.({ port: (metrics.address() as AddressInfo).port, samples: monitor.cost().samples });

type Ask = 'cpu' | 'text' | 'turns' | 'longest';
let longest = 0;
const answers: Record<Ask, () => unknown> = {
  cpu: () => threadCpuMs(),
  text: () => timeText(),
  // From here on every turn is timed; a loop that never rests has no pause between them.
  turns: () => {
    longest = 0;
    timeTurns();
    return null;
  },
  longest: () => {
    const ms = longest;
    longest = 0;
    return ms;
  },
};

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Best of 20: on a machine with others, the least disturbed. */
async function timeText(): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 20; time++) {
    const began = performance.now();
    // Its first character makes one flat string of it.
    (await monitor.text()).charCodeAt(0);
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

/** Requests of as many endpoints as make so many samples, each with three statuses. */
async function fill(samples: number): Promise<void> {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  for (let path = 0; monitor.cost().samples < samples; path++) {
    for (const status of [200, 400, 500]) {
      socket.write(`GET /api/v1/things/:id/part-${path} HTTP/1.1\r\nhost: x\r\nx-status: ${status}\r\n\r\n`);
      await once(socket, 'data');
    }
  }
  socket.end();
}
