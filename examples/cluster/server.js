// A cluster without a line of code for the monitor: `node --import @weighbridge/monitor/register examples/cluster/server.js`
//
//   curl localhost:3000/reports/7
//   curl localhost:9465/metrics | grep bytes_total      # one address, the sum of all workers
//
// The templates come from the environment: WEIGHBRIDGE_ENDPOINTS='/reports/:id'
import cluster from 'node:cluster';
import { createServer } from 'node:http';

if (cluster.isPrimary) {
  for (let worker = 0; worker < 2; worker++) cluster.fork();
  cluster.once('listening', (_worker, { port }) => console.log(`http://127.0.0.1:${port}`));
} else {
  createServer((_request, response) => response.end('r'.repeat(100_000))).listen(
    Number(process.env.PORT ?? 3000),
    '127.0.0.1',
  );
}
