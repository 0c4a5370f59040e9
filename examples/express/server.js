// Express: `node examples/express/server.js`, after `npm ci` in examples/
//
//   curl -H 'x-api-key: k-acme' localhost:3000/reports/7
//   curl localhost:3000/bill
//   curl localhost:3000/metrics | grep bytes_total
import { bytesOf, monitorBandwidth } from '@weighbridge/monitor';
import express from 'express';
import { tenantOf } from '../keys.js';
import { Meter } from '../tenants/meter.js';

// Before the routes: endpoints are then known by themselves, mounts and their parameters included.
const monitor = monitorBandwidth({ clientOf: tenantOf });
const meter = new Meter();

const app = express();
app.use((request, _response, next) => {
  const tenant = tenantOf(request);
  if (tenant) meter.add(tenant, bytesOf(request));
  next();
});
app.get('/metrics', async (_request, response) => response.type('text/plain').send(await monitor.text()));
app.get('/bill', (_request, response) => response.json(meter.bill()));

const reports = express.Router();
reports.get('/:id', (_request, response) => response.send('r'.repeat(100_000)));
app.use('/reports', reports);

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
