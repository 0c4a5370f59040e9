import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Listener, monitorBandwidth } from '@weighbridge/monitor';

/** A service whose every endpoint moves bytes each second, with its live page: `node busy-service.ts ENDPOINTS`. */
const endpoints = Number(process.argv[2]);
const service = createServer((request, response) => response.end(request.url));
const monitor = monitorBandwidth({
  servers: [service],
  // A tenth of the places is kept for those that prove to be the busiest.
  maxEndpoints: Math.ceil(endpoints * 1.2),
  endpointOf: ({ url }) => url,
  warn: () => {},
});
const listener = new Listener(monitor, { service: { name: 'busy' } });
const page = createServer((request, response) => void listener.handle(request, response));
await Promise.all([service, page].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));

const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const { port } = service.address() as AddressInfo;
setInterval(() => {
  for (let number = 0; number < endpoints; number++)
    get({ host: '127.0.0.1', port, agent, path: `/things/kind-${number}` }, (response) => response.resume());
}, 1000);

process.on('disconnect', () => process.exit());
process.send?.({ url: `http://127.0.0.1:${(page.address() as AddressInfo).port}` });
