import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Listener } from '../../src/listener/listener.ts';
import { monitorBandwidth } from '../../src/monitor.ts';

const monitor = monitorBandwidth({ servers: [] });
const listener = new Listener(monitor);
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => void listener.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  listener.close();
  monitor.stop();
  await new Promise((resolve) => server.close(resolve));
});

/** With `node:http`, which neither asks for compression nor undoes it by itself. */
async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { port } = server.address() as AddressInfo;
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    httpRequest({ port, path, headers, method, host: '127.0.0.1', agent: false }, resolve).on('error', reject).end(),
  );
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

/** The page, every file that its markup names, and what its script loads. */
async function paths(): Promise<string[]> {
  const [html, script] = [(await get('/')).body.toString(), (await get('/page.js')).body.toString()];
  const named = [...html.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path = '']) => path);
  const loaded = [...script.matchAll(/import\([`'"]\.(\/page\/[^`'"]+)[`'"]\)/g)].map(([, path = '']) => path);
  return ['/', ...new Set([...named, ...loaded])];
}

test('each file that the page names is there with its type', async () => {
  const found = await Promise.all(
    (await paths()).map(async (path) => [path, (await get(path)).headers['content-type']]),
  );
  expect(Object.fromEntries(found)).toEqual({
    '/': 'text/html; charset=utf-8',
    '/page.js': 'text/javascript; charset=utf-8',
    '/page.css': 'text/css; charset=utf-8',
    '/page/icon.svg': 'image/svg+xml',
    '/page/plot.js': 'text/javascript; charset=utf-8',
  });
});

test('a load of the page moves at most 60 kB of content, compressed', async () => {
  const files = await Promise.all((await paths()).map((path) => get(path, { 'accept-encoding': 'br, gzip' })));
  expect(files.every(({ headers }) => headers['content-encoding'] === 'gzip')).toBe(true);
  expect(files.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThanOrEqual(60_000);
});

test('the content is the same with and without compression', async () => {
  const [plain, packed, refused] = await Promise.all([
    get('/page.js'),
    get('/page.js', { 'accept-encoding': 'gzip' }),
    get('/page.js', { 'accept-encoding': 'gzip;q=0' }),
  ]);
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
  expect(refused.body.equals(plain.body)).toBe(true);
  expect(plain.headers.vary).toBe('accept-encoding');
});

test('a file that the browser has already is not sent again', async () => {
  const { headers } = await get('/page.js');
  const again = await get('/page.js', { 'if-none-match': `"other", ${headers.etag}` });
  expect(again).toMatchObject({ status: 304, headers: { etag: headers.etag } });
  expect(again.body).toHaveLength(0);
  expect((await get('/page.js', { 'if-none-match': 'W/"other"' })).status).toBe(200);
});

test('HEAD tells the length and sends nothing', async () => {
  const whole = await get('/page.css');
  const head = await get('/page.css', {}, 'HEAD');
  expect(head.headers['content-length']).toBe(String(whole.body.length));
  expect(head.body).toHaveLength(0);
});

test('nothing is inline and nothing comes from elsewhere', async () => {
  const html = (await get('/')).body.toString();
  expect(html).not.toMatch(/ style=| on\w+=|<style|<script(?![^>]* src="\/)/);
  expect(html).not.toMatch(/(src|href)="(?!\/|#)/);
});

test("the page's own policy is the header's, without what a meta can't say", async () => {
  const { headers, body } = await get('/');
  const [, meta] = /Content-Security-Policy" content="([^"]+)"/.exec(body.toString()) ?? [];
  expect(meta).toBe(String(headers['content-security-policy']).replace(" frame-ancestors 'none';", ''));
});

test('another path and another method are told so', async () => {
  expect(await get('/nowhere')).toMatchObject({ status: 404 });
  expect(await get('/', {}, 'DELETE')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
});
