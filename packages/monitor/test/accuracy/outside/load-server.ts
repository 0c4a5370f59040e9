// A server on PORT that echoes nothing and answers with as many bytes as it is asked for; told anything on standard
// input, it prints its totals once no connection is left, and ends. node load-server.ts PORT
import { createServer } from 'node:http';
import { monitorBandwidth, setEndpoint } from '@weighbridge/monitor';

const monitor = monitorBandwidth();
const server = createServer((request, response) => {
  setEndpoint(request, '/load');
  request.resume();
  response.end('x'.repeat(Number(new URL(request.url ?? '', 'http://x').searchParams.get('size'))));
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));

process.stdin.once('data', async () => {
  while (monitor.snapshot().open.connections > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const { connection, endpoints, balanced } = monitor.snapshot();
  console.log(JSON.stringify({ connection, exchanges: endpoints[0]?.exchanges, balanced }));
  process.exit();
});
