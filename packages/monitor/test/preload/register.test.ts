import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../../e2e/support/free-port.ts';
import { resolveSettings } from '../../src/preload/settings.ts';
import { AppProcess, get, getUntil } from './app-process.ts';
import { expectBothCount } from './own-monitor-scenario.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function start(app: string, options: ConstructorParameters<typeof AppProcess>[1]): AppProcess {
  const running = new AppProcess(app, options);
  stops.push(() => running.stop());
  return running;
}

async function startListening(app: string, env: NodeJS.ProcessEnv = {}) {
  const port = await freePort();
  const running = start(app, { env: { WEIGHBRIDGE_METRICS_LISTEN: `127.0.0.1:${port}`, ...env } });
  return { running, own: `http://127.0.0.1:${port}`, url: await running.line() };
}

/** So many ports in a row, each with a server; the one before the first is free. */
async function takePorts(count: number): Promise<{ port: number; close(): void }> {
  for (;;) {
    const first = (await freePort()) + 1;
    const servers = Array.from({ length: count }, () => createServer());
    const close = () => servers.forEach((server) => void server.close());
    try {
      for (const [index, server] of servers.entries()) {
        await once(server.listen(first + index, '127.0.0.1'), 'listening');
      }
      return { port: first, close };
    } catch {
      close();
    }
  }
}

describe('an application that knows nothing of metrics', () => {
  test('is counted, and served on a listener of ours that is not counted itself', async () => {
    const { own, url } = await startListening('plain.mjs');
    await get(`${url}/x`);
    const text = await getUntil(`${own}/metrics`, (answer) => answer.includes('endpoint="_unrouted"'));
    expect(text).toContain(
      'weighbridge_http_response_size_bytes_count{method="GET",endpoint="_unrouted",status="200"} 1\n',
    );
    const again = await fetch(`${own}/metrics`);
    expect(again.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await again.text()).toContain(
      'weighbridge_http_response_size_bytes_count{method="GET",endpoint="_unrouted",status="200"} 1\n',
    );
  });

  test('may have a monitor of its own besides', async () => {
    const { own, running, url } = await startListening('own-monitor.mjs');
    await expectBothCount(url, `${own}/metrics`);
    expect(running.otherErrors).toBe('');
  });

  test('has our listener counted too when it says so', async () => {
    const { own } = await startListening('plain.mjs', { WEIGHBRIDGE_COUNT_ITSELF: '1' });
    await getUntil(`${own}/metrics`, (answer) => answer.includes('size_bytes_count{method="GET"'));
  });

  test('gets the live page, its figures and their history', async () => {
    const { own, url } = await startListening('plain.mjs');
    await getUntil(`${own}/health`, (answer) => answer === '{"status":"ok"}');
    const page = await fetch(`${own}/`);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const [, script = ''] = /<script[^>]* src="([^"]+)"/.exec(await page.text()) ?? [];
    expect((await fetch(new URL(script, own))).headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    await get(url);
    const figures = JSON.parse(await get(`${own}/bandwidth`));
    expect(figures).toMatchObject({ balanced: true, nodes: [], endpoints: [{ endpoint: '_unrouted', exchanges: 1 }] });
    const moved = (points: number[][]) => points.reduce((sum, [, , bytesIn = 0]) => sum + bytesIn, 0);
    const history = await getUntil(`${own}/bandwidth/history`, (text) => moved(JSON.parse(text).points) > 0);
    expect(moved(JSON.parse(history).points)).toBe(figures.connection.in);
    const window = JSON.parse(await get(`${own}/bandwidth/window?from=0&to=${Date.now()}`));
    expect(window).toMatchObject({ in: figures.connection.in, out: figures.connection.out });
    expect(window.endpoints[0]).toMatchObject({ method: 'GET', endpoint: '_unrouted' });
    expect((await fetch(`${own}/bandwidth/window?from=x`)).status).toBe(400);
    expect((await fetch(`${own}/nowhere`)).status).toBe(404);
    expect((await fetch(`${own}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  test('streams what it remembers, then its figures once a second', async () => {
    const { own } = await startListening('plain.mjs', { WEIGHBRIDGE_SERVICE: 'mill' });
    await getUntil(`${own}/health`, (answer) => answer !== '');
    const stream = await fetch(`${own}/bandwidth/stream`);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let text = '';
    for await (const chunk of stream.body as ReadableStream<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (text.split('\n\n').length > 4) break;
    }
    const [service, history, first = '', second = ''] = text.split('\n\n').map((block) => block.replace('data: ', ''));
    expect(service).toMatch(
      /^event: service\n{"name":"mill","startedMs":\d+,"hasScheduler":false,"ownEndpoints":\[\]}$/,
    );
    expect(history).toMatch(/^event: history\n{"resolution":"second","starts":\[\d+\],"points":\[/);
    expect(Date.parse(JSON.parse(second).at) - Date.parse(JSON.parse(first).at)).toBeGreaterThan(500);
  });

  test('is told once where the page is, on its standard error', async () => {
    const port = await freePort();
    const running = start('plain.mjs', {
      env: { WEIGHBRIDGE_METRICS_LISTEN: `127.0.0.1:${port}`, WEIGHBRIDGE_QUIET: '' },
    });
    expect(await get(await running.line())).toBe('hello');
    await running.told(/page.*\n/);
    expect(running.otherErrors).toBe(`weighbridge: counting; page http://127.0.0.1:${port}/\n`);
  });

  test('is told that there is none where it is off', async () => {
    const running = start('plain.mjs', { env: { WEIGHBRIDGE_METRICS_LISTEN: 'off', WEIGHBRIDGE_QUIET: '' } });
    await running.told(/^weighbridge: counting; no page \(WEIGHBRIDGE_METRICS_LISTEN=off\)\n/);
  });

  test('gets the next free port where another service has the first, and is told', async () => {
    const { port, close } = await takePorts(1);
    stops.push(close);
    const env = { WEIGHBRIDGE_METRICS_LISTEN: `127.0.0.1:${port - 1}`, WEIGHBRIDGE_QUIET: '' };
    const [one, two] = [start('plain.mjs', { env }), start('plain.mjs', { env })];
    const pages = [];
    for (const running of [one, two]) {
      await get(`${await running.line()}/x`);
      await running.told(/counting; page/);
      pages.push(/page (\S+)/.exec(running.errors)?.[1] as string);
    }
    expect(pages.toSorted()).toEqual([`http://127.0.0.1:${port - 1}/`, `http://127.0.0.1:${port + 1}/`]);
    expect([one, two].map(({ errors }) => errors).join()).toContain(`/ (port ${port - 1} is taken)`);
    for (const page of pages) await getUntil(`${page}metrics`, (text) => /size_bytes_count{.*} 1\n/.test(text));
  });

  test('runs on with one warning where all these ports are taken', async () => {
    const { port, close } = await takePorts(11);
    stops.push(close);
    const running = start('plain.mjs', { env: { WEIGHBRIDGE_METRICS_LISTEN: `127.0.0.1:${port}` } });
    expect(await get(await running.line())).toBe('hello');
    await running.told(new RegExp(`weighbridge: 127.0.0.1:${port} and the 10 ports after it are taken`));
    expect(await get(await running.line())).toBe('hello');
    expect(running.otherErrors.match(/weighbridge/g)).toHaveLength(1);
  });

  test('ends when it would have ended', async () => {
    const running = start('ends.mjs', { env: { WEIGHBRIDGE_METRICS_LISTEN: `127.0.0.1:${await freePort()}` } });
    const [code] = await once(running.process, 'exit');
    expect(code).toBe(0);
    expect(running.otherErrors).toBe('');
  });
});

describe.each([
  'client-esm.mjs',
  'client-cjs.cjs',
  'client-own.mjs',
  'successor-esm.mjs',
  'successor-cjs.cjs',
  'successor-own.cjs',
])("an application with a client's registry: %s", (app) => {
  test("shows the monitor's families on its own /metrics", async () => {
    const { url } = await startListening(app, { WEIGHBRIDGE_PREFIX: 'shop_' });
    await get(`${url}/x`);
    const text = await getUntil(`${url}/metrics`, (answer) => answer.includes('shop_http_request_bytes_total{'));
    expect(text).toContain('shop_http_response_size_bytes_count{method="GET",endpoint="_unrouted",status="200"} ');
    expect(text.match(/^# TYPE shop_http_request_bytes_total counter$/gm)).toHaveLength(1);
  });
});

test('a client that was loaded before the monitor is joined too', async () => {
  const running = start('client-before.cjs', { args: [], env: { WEIGHBRIDGE_METRICS_LISTEN: 'off' } });
  const url = await running.line();
  await get(`${url}/x`);
  expect(await get(`${url}/metrics`)).toContain(
    'weighbridge_http_request_bytes_total{method="GET",endpoint="_unrouted"} ',
  );
});

describe('what the environment says', () => {
  test('an address, or off', () => {
    const listen = (value: string) => resolveSettings({ WEIGHBRIDGE_METRICS_LISTEN: value }, expect.unreachable).listen;
    expect(listen('0.0.0.0:9000')).toEqual({ host: '0.0.0.0', port: 9000 });
    expect(listen('[::1]:9000')).toEqual({ host: '::1', port: 9000 });
    expect(listen('off')).toBeUndefined();
    expect(listen('')).toEqual({ host: '127.0.0.1', port: 9465 });
  });

  test('templates, and how many endpoints there may be', () => {
    const env = { WEIGHBRIDGE_ENDPOINTS: ' /users/:id\n /files/* ', WEIGHBRIDGE_MAX_ENDPOINTS: '50' };
    expect(resolveSettings(env, expect.unreachable)).toMatchObject({
      endpoints: ['/users/:id', '/files/*'],
      maxEndpoints: 50,
    });
  });

  test('what the service is called: by us, by OpenTelemetry, by pm2, by its package', () => {
    const name = (env: NodeJS.ProcessEnv) => resolveSettings(env, expect.unreachable).serviceName;
    const pm2_env = JSON.stringify({ name: 'shop' });
    expect(name({ WEIGHBRIDGE_SERVICE: 'mill', OTEL_SERVICE_NAME: 'store', pm2_env })).toBe('mill');
    expect(name({ OTEL_SERVICE_NAME: 'store', pm2_env })).toBe('store');
    expect(name({ pm2_env })).toBe('shop');
    expect(name({ WEIGHBRIDGE_SERVICE: 'x'.repeat(500) })).toHaveLength(100);
    expect(name({})).not.toBe('');
  });

  test('what pm2 has packed', () => {
    const packed = JSON.stringify({ name: 'shop', WEIGHBRIDGE_PREFIX: 'shop_', WEIGHBRIDGE_METRICS_LISTEN: 'off' });
    expect(resolveSettings({ pm2_env: packed }, expect.unreachable)).toMatchObject({
      prefix: 'shop_',
      listen: undefined,
    });
  });

  test.each([
    [
      { WEIGHBRIDGE_METRICS_LISTEN: '9000' },
      "WEIGHBRIDGE_METRICS_LISTEN must be host:port, such as 127.0.0.1:9465, or off, got '9000'",
    ],
    [{ WEIGHBRIDGE_METRICS_LISTEN: 'localhost:99999' }, "got 'localhost:99999'"],
    [{ WEIGHBRIDGE_MAX_ENDPOINTS: 'many' }, 'WEIGHBRIDGE_MAX_ENDPOINTS: maxEndpoints must be a whole number from 1'],
    [
      { WEIGHBRIDGE_ENDPOINTS: '/a b' },
      "WEIGHBRIDGE_ENDPOINTS: endpoints must hold templates .* got 'b'; none is taken",
    ],
    [{ WEIGHBRIDGE_PREFIX: '9x' }, "WEIGHBRIDGE_PREFIX: prefix must be .* got '9x'; 'weighbridge_' is taken"],
  ])('a bad value is told, and its default taken: %o', (env, message) => {
    const warnings: string[] = [];
    const settings = resolveSettings(env, (warning) => warnings.push(warning));
    expect(warnings).toEqual([expect.stringMatching(message)]);
    expect(settings).toMatchObject({ prefix: 'weighbridge_', listen: { host: '127.0.0.1', port: 9465 } });
  });
});
