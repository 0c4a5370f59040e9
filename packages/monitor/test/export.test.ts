import fastify from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { type BandwidthMonitor, monitorBandwidth } from '../src/index.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function monitored(options: Parameters<typeof monitorBandwidth>[0] = {}): BandwidthMonitor {
  const monitor = monitorBandwidth({ prefix: 'scheduler_', servers: [], ...options });
  stops.push(() => monitor.stop());
  return monitor;
}

async function fastifyApp(monitor: BandwidthMonitor) {
  const app = fastify();
  monitor.watch(app.server);
  app.register(
    async (api) => {
      api.get('/jobs/:id', { schema: { response: { 200: {}, 404: {} } } }, async () => ({ ok: true }));
    },
    { prefix: '/api' },
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  stops.push(() => app.close());
  return { app, url: app.listeningOrigin };
}

test('series of listed routes stand at 0 from the start, with the statuses of their schema', async () => {
  const monitor = monitored();
  await fastifyApp(monitor);
  const text = await monitor.text();
  expect(text).toContain('scheduler_http_request_bytes_total{method="GET",endpoint="/api/jobs/:id"} 0\n');
  expect(text).toContain('scheduler_http_request_bytes_total{method="HEAD",endpoint="/api/jobs/:id"} 0\n');
  expect(text).toContain(
    'scheduler_http_response_size_bytes_bucket{method="GET",endpoint="/api/jobs/:id",status="404",le="+Inf"} 0\n',
  );
});

test('Fastify names the template, and 404 is _unmatched', async () => {
  const monitor = monitored();
  const { url } = await fastifyApp(monitor);
  for (const path of ['/api/jobs/7', '/api/nowhere/7']) {
    await (await fetch(url + path, { headers: { connection: 'close' } })).text();
  }
  const used = monitor.snapshot().endpoints.filter(({ exchanges }) => exchanges > 0);
  expect(used.map(({ method, endpoint }) => `${method} ${endpoint}`)).toEqual(['GET /api/jobs/:id', 'GET _unmatched']);
});

test('the cap holds whatever endpoint is named, and totals stay exact', async () => {
  const monitor = monitored({ servers: 'all', maxEndpoints: 3, endpointOf: (request) => request.url });
  const app = fastify();
  app.get('/*', async () => 'x');
  await app.listen({ port: 0, host: '127.0.0.1' });
  stops.push(() => app.close());
  const server = monitored({ servers: 'all', maxEndpoints: 3 });
  for (const id of [1, 2, 3, 4, 5]) await (await fetch(`${app.listeningOrigin}/x/${id}`)).text();
  expect(server.snapshot().endpoints.length).toBeLessThanOrEqual(4);
  expect(monitor.snapshot().balanced).toBe(true);
});

test('a bad option names option, rule and value', () => {
  expect(() => monitorBandwidth({ maxEndpoints: 0 })).toThrow(
    'maxEndpoints must be a whole number from 1 to 100000, got 0',
  );
  expect(() => monitorBandwidth({ prefix: '9x' })).toThrow(/prefix must be .* got '9x'/);
});
