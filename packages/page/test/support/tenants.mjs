// A service that tells its clients apart, with the live page mounted in a server of its own: two ports are printed.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Listener, monitorBandwidth } from '@weighbridge/monitor';

const monitor = monitorBandwidth({
  endpoints: ['/files/:name'],
  clientOf: ({ headers }) => headers['x-tenant'],
});
const service = createServer((request, response) => {
  const { searchParams } = new URL(request.url, 'http://service');
  response.end(Buffer.alloc(Number(searchParams.get('bytes') ?? 0)));
});
const listener = new Listener(monitor, { service: { name: 'tenants' } });
const page = createServer((request, response) => void listener.handle(request, response));
monitor.ignore(page);
for (const server of [service, page]) {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  console.log(`http://127.0.0.1:${server.address().port}`);
}
