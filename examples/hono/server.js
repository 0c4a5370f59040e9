// Hono on Node: `node examples/hono/server.js`, after `npm ci` in examples/
//
//   curl -H 'x-api-key: k-acme' localhost:3000/reports/7
//   curl localhost:3000/bill
//   curl localhost:3000/metrics | grep bytes_total
import { serve } from '@hono/node-server';
import { bytesOf, monitorBandwidth } from '@weighbridge/monitor';
import { nameEndpoints } from '@weighbridge/monitor/hono';
import { Hono } from 'hono';
import { tenantOf } from '../keys.js';
import { Meter } from '../tenants/meter.js';

const monitor = monitorBandwidth({ clientOf: tenantOf });
const meter = new Meter();

const app = new Hono();
// Hono's routes can't be seen from outside: this line tells them.
app.use(nameEndpoints());
app.use(async (context, next) => {
  const { incoming } = context.env;
  const tenant = tenantOf(incoming);
  if (tenant) meter.add(tenant, bytesOf(incoming));
  await next();
});
app.get('/metrics', async (context) => context.text(await monitor.text()));
app.get('/bill', (context) => context.json(meter.bill()));
app.get('/reports/:id', (context) => context.text('r'.repeat(100_000)));

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});
