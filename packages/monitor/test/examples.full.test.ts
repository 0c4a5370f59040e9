import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { freePort, freePorts } from '../../../e2e/support/free-port.ts';
import { Scrape } from '../../../e2e/support/metrics.ts';
import { installFolder } from '../../../scripts/install-folder.ts';
import { AppProcess, get, getUntil } from './preload/app-process.ts';
import { RawClient } from './support/raw-client.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const stops: (() => unknown)[] = [];
beforeAll(() => installFolder(`${root}examples`), 300_000);
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Runs an example by the command that its first line names. */
async function startExample(name: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const file = `${root}examples/${name}/server.js`;
  const [, options = ''] = /`node (.*)examples\/.*\/server\.js`/.exec(readFileSync(file, 'utf8')) ?? [];
  const app = new AppProcess(file, {
    args: options.trim().split(' ').filter(Boolean),
    cwd: root,
    env: { PORT: '0', ...env },
  });
  stops.push(() => app.stop());
  return app.line();
}

/** One request on a connection of its own: what it sent and received. */
async function ask(url: string, headers: string): Promise<{ in: number; out: number }> {
  const client = await RawClient.open(Number(new URL(url).port));
  client.send(`GET /reports/7?x HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`);
  await client.closed();
  expect(client.received.startsWith('HTTP/1.1 200 ')).toBe(true);
  expect(client.received.endsWith('r'.repeat(100_000))).toBe(true);
  return { in: client.socket.bytesWritten, out: client.socket.bytesRead };
}

test.each(['express', 'fastify', 'hono', 'http', 'koa', 'nest'])(
  'examples/%s names the endpoint and bills each tenant, to the byte',
  async (name) => {
    const url = await startExample(name);
    const [acme, zenith] = [await ask(url, 'x-api-key: k-acme\r\n'), await ask(url, 'x-api-key: k-zenith\r\n')];
    expect(JSON.parse(await get(`${url}/bill`))).toEqual({ acme, zenith });
    const scrape = new Scrape(await get(`${url}/metrics`));
    const labels = { method: 'GET', endpoint: '/reports/:id' };
    expect(scrape.sum('weighbridge_http_request_bytes_total', labels)).toBe(acme.in + zenith.in);
    expect(scrape.sum('weighbridge_http_response_bytes_total', { ...labels, status: '200' })).toBe(
      acme.out + zenith.out,
    );
    expect(scrape.sum('weighbridge_http_client_bytes_total', { client: 'acme', direction: 'out' })).toBe(acme.out);
    expect(scrape.samples.filter(({ labels: { endpoint } }) => endpoint === '_unrouted')).toEqual([]);
  },
);

test('examples/cluster serves the sum of its workers at one address', async () => {
  const own = `127.0.0.1:${await freePort()}`;
  const env = {
    PORT: String(await freePort()),
    WEIGHBRIDGE_METRICS_LISTEN: own,
    WEIGHBRIDGE_ENDPOINTS: '/reports/:id',
  };
  const url = await startExample('cluster', env);
  let out = 0;
  for (let time = 0; time < 10; time++) out += (await ask(url, '')).out;
  const labels = { endpoint: '/reports/:id', status: '200' };
  await getUntil(
    `http://${own}/metrics`,
    (text) => text !== '' && new Scrape(text).sum('weighbridge_http_response_bytes_total', labels) === out,
  );
});

test("the README's program shows what the README says", async () => {
  const readme = readFileSync(`${root}README.md`, 'utf8');
  const [, code = ''] = /```js\n(.*?)```/s.exec(readme) ?? [];
  const [port, metrics] = await freePorts(2);
  const folder = mkdtempSync(`${root}examples/readme-`);
  stops.push(() => rmSync(folder, { recursive: true }));
  const file = `${folder}/app.mjs`;
  const ready = `\nmetrics.once('listening', () => console.log('http://127.0.0.1:${port}'));\n`;
  writeFileSync(file, code.replace('3000', String(port)).replace('9464', String(metrics)) + ready);
  const app = new AppProcess(file, { args: [] });
  stops.unshift(() => app.stop());
  await get(`${await app.line()}/hello/ann`);
  await get(`http://127.0.0.1:${metrics}/metrics`);
  const lines = (text: string) => text.match(/^weighbridge_http_re\w+_bytes_total{.*} (?=\d+$)/gm);
  // Their numbers depend on the client.
  expect(lines(await get(`http://127.0.0.1:${metrics}/metrics`))).toEqual(lines(readme));
});
