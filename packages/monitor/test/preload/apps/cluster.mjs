import cluster from 'node:cluster';
import { createServer } from 'node:http';

// Two workers, and another for each that ends. With BY_STRANGER only the workers are monitored, as below pm2.
if (cluster.isPrimary) {
  const { REGISTER, BY_STRANGER } = process.env;
  if (BY_STRANGER) cluster.setupPrimary({ execArgv: [...process.execArgv, '--import', REGISTER] });
  for (const _ of [1, 2]) cluster.fork();
  cluster.on('exit', () => cluster.fork());
  cluster.on('listening', (worker, { port }) => console.log(`http://127.0.0.1:${port} ${worker.process.pid}`));
} else {
  const server = createServer((_request, response) => response.end(String(process.pid)));
  server.listen(Number(process.env.APP_PORT), '127.0.0.1');
}
