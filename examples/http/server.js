// Plain node:http, with templates that are listed: `node examples/http/server.js`
//
//   curl -H 'x-api-key: k-acme' localhost:3000/reports/7
//   curl localhost:3000/bill
//   curl localhost:3000/metrics | grep bytes_total
import { createServer } from 'node:http';
import { bytesOf, monitorBandwidth } from '@weighbridge/monitor';
import { tenantOf } from '../keys.js';
import { Meter } from '../tenants/meter.js';

// Without a framework nobody knows routes: requests are named by the list, what it doesn't hold is `_unmatched`.
const monitor = monitorBandwidth({ clientOf: tenantOf, endpoints: ['/reports/:id', '/bill', '/metrics'] });
const meter = new Meter();

const server = createServer(async (request, response) => {
  const tenant = tenantOf(request);
  if (tenant) meter.add(tenant, bytesOf(request));
  if (request.url === '/metrics') return response.end(await monitor.text());
  if (request.url === '/bill') return response.end(JSON.stringify(meter.bill()));
  if (!request.url.startsWith('/reports/')) return response.writeHead(404).end();
  response.end('r'.repeat(100_000));
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
