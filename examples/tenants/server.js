// Bills tenants by what their requests moved, to the byte: `node examples/tenants/server.js`
//
//   curl -H 'x-api-key: k-acme' localhost:3000/report     # 100,000 bytes of body
//   curl localhost:3000/bill
//   curl localhost:3000/metrics | grep client_bytes
import { createServer } from 'node:http';
import { bytesOf, monitorBandwidth } from '@weighbridge/monitor';
import { tenantOf } from '../keys.js';
import { Meter } from './meter.js';

const monitor = monitorBandwidth({ clientOf: tenantOf });
const meter = new Meter();

const server = createServer(async (request, response) => {
  const tenant = tenantOf(request);
  if (tenant) meter.add(tenant, bytesOf(request));
  if (request.url === '/bill') return response.end(JSON.stringify(meter.bill()));
  if (request.url === '/metrics') return response.end(await monitor.text());
  if (!tenant) return response.writeHead(401).end('no such key\n');
  request.resume();
  request.once('end', () => response.end(`${'r'.repeat(99_999)}\n`));
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
