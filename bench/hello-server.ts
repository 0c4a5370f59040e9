import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Histogram, Registry } from '@prometheus-io/client';
import { monitorBandwidth, setEndpoint } from '@weighbridge/monitor';

/** One server of a comparison, in a process of its own: `node hello-server.ts none|monitor|prom-client`. */
const kind = process.argv[2];
const monitor = kind === 'monitor' ? monitorBandwidth() : undefined;
const observe: RequestListener | undefined = kind === 'prom-client' ? byHand() : undefined;

const server = createServer((request, response) => {
  if (monitor) setEndpoint(request, '/hello');
  observe?.(request, response);
  response.setHeader('content-type', 'text/plain');
  response.end('hello');
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => process.send?.({ cpuMicros: total(process.cpuUsage()) }));
process.on('disconnect', () => process.exit());

function total({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}

/** What an engineer writes today: two counters and two histograms at 'finish', sizes from headers. */
function byHand(): RequestListener {
  const registers = [new Registry()];
  const request = { name: 'in_bytes_total', help: 'in', labelNames: ['method', 'endpoint'], registers };
  const response = { name: 'out_bytes_total', help: 'out', labelNames: ['method', 'endpoint', 'status'], registers };
  const buckets = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
  const [bytesIn, bytesOut] = [new Counter(request), new Counter(response)];
  const sizeIn = new Histogram({ ...request, name: 'in_size_bytes', buckets });
  const sizeOut = new Histogram({ ...response, name: 'out_size_bytes', buckets });
  return (req, res) =>
    res.on('finish', () => {
      const [method, endpoint, status] = [req.method as string, '/hello', String(res.statusCode)];
      const [sizeRequest, sizeResponse] = [Number(req.headers['content-length'] ?? 0), 5];
      bytesIn.inc({ method, endpoint }, sizeRequest);
      bytesOut.inc({ method, endpoint, status }, sizeResponse);
      sizeIn.observe({ method, endpoint }, sizeRequest);
      sizeOut.observe({ method, endpoint, status }, sizeResponse);
    });
}
