// Fastify: `node examples/fastify/server.js`, after `npm ci` in examples/
//
//   curl -H 'x-api-key: k-acme' localhost:3000/reports/7
//   curl localhost:3000/bill
//   curl localhost:3000/metrics | grep bytes_total
import { bytesOf, monitorBandwidth } from '@weighbridge/monitor';
import Fastify from 'fastify';
import { tenantOf } from '../keys.js';
import { Meter } from '../tenants/meter.js';

// Before Fastify is called: its routes are then known by themselves, and stand at 0 before their first request.
const monitor = monitorBandwidth({ clientOf: tenantOf });
const meter = new Meter();

const app = Fastify();
app.addHook('onRequest', async (request) => {
  const tenant = tenantOf(request.raw);
  if (tenant) meter.add(tenant, bytesOf(request.raw));
});
app.get('/metrics', () => monitor.text());
app.get('/bill', () => meter.bill());
app.get('/reports/:id', () => 'r'.repeat(100_000));

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }));
