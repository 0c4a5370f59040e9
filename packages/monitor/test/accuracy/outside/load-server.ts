// A server on PORT that echoes nothing and answers with as many bytes as it is asked for; told anything on standard
// input, it prints its totals once no connection is left, and ends. node load-server.ts PORT [http2]
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { monitorBandwidth, setEndpoint } from '@weighbridge/monitor';

const monitor = monitorBandwidth();
const answer: RequestListener = (request, response) => {
  setEndpoint(request, '/load');
  request.resume();
  response.end('x'.repeat(Number(new URL(request.url ?? '', 'http://x').searchParams.get('size'))));
};
const isHttp2 = process.argv[3] === 'http2';
const server = isHttp2 ? createHttp2Server(answer as never) : createServer(answer);
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));

process.stdin.once('data', async () => {
  while (monitor.snapshot().open.connections > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const { connection, endpoints, balanced } = monitor.snapshot();
  const { exchanges, aborted } = endpoints[0] ?? {};
  console.log(JSON.stringify({ connection, exchanges, aborted, balanced }));
  process.exit();
});
