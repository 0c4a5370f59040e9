// Koa with @koa/router: `node examples/koa/server.js`, after `npm ci` in examples/
//
//   curl -H 'x-api-key: k-acme' localhost:3000/reports/7
//   curl localhost:3000/bill
//   curl localhost:3000/metrics | grep bytes_total
import Router from '@koa/router';
import { bytesOf, monitorBandwidth } from '@weighbridge/monitor';
import Koa from 'koa';
import { tenantOf } from '../keys.js';
import { Meter } from '../tenants/meter.js';

const monitor = monitorBandwidth({ clientOf: tenantOf });
const meter = new Meter();

const app = new Koa();
app.use((context, next) => {
  const tenant = tenantOf(context.req);
  if (tenant) meter.add(tenant, bytesOf(context.req));
  return next();
});

const router = new Router();
router.get('/metrics', async (context) => {
  context.body = await monitor.text();
});
router.get('/bill', (context) => {
  context.body = meter.bill();
});
router.get('/reports/:id', (context) => {
  context.body = 'r'.repeat(100_000);
});
app.use(router.routes());

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
