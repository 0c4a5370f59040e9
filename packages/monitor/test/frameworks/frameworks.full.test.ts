import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Sample, Scrape } from '../../../../e2e/support/metrics.ts';
import { installFolder } from '../../../../scripts/install-folder.ts';
import { nodeBinary, nodeVersions } from '../accuracy/outside/node-binaries.ts';
import { AppProcess, freePort, getUntil } from '../register/app-process.ts';
import { RawClient } from '../support/raw-client.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** How a framework writes a parameter, and what it does otherwise than most. */
interface Framework {
  name: string;
  /** What `run.mjs` gets. */
  args: string[];
  parameter?: (name: string) => string;
  env?: NodeJS.ProcessEnv;
  /** Endpoints that differ from the path of the route. */
  differs?: Record<string, string>;
  /** Requests that its application knows nothing of. */
  lacks?: string[];
  /** Requests that only its application knows of. */
  has?: Case[];
}

const braces = (name: string) => `{${name}}`;
const express = {
  differs: { refused: '/private/*', asset: '/assets/*' },
  has: [
    {
      name: 'refused by nested mounts, answered outside',
      path: '/v1/raw14/guarded/raw15/raw16',
      endpoint: '/v1/:tenant/guarded/:item/*',
      status: 403,
    },
    { name: 'middleware at the root', path: '/root-raw', endpoint: '/*', status: 204 },
    { name: 'route of two paths', path: '/either/raw17', endpoint: '/either/:id|/or/:id', status: 200 },
    { name: 'passed on', path: '/passed/raw18', endpoint: '/passed/:id', status: 404 },
  ],
};

const frameworks: Framework[] = [
  { name: 'Express 5', args: ['express.cjs', 'express'], ...express },
  { name: 'Express 5, imported', args: ['express.mjs'], ...express },
  { name: 'Express 4', args: ['express.cjs', 'express4'], ...express },
  { name: 'Fastify', args: ['fastify.cjs'] },
  { name: 'Koa', args: ['koa.mjs'], lacks: ['asset'] },
  { name: 'hapi', args: ['hapi.cjs'], parameter: braces, differs: { asset: '/assets/{file*}' } },
  { name: 'restify', args: ['restify.cjs'] },
  { name: 'Nest on Express', args: ['nest.mjs', 'Express'], lacks: ['asset'] },
  { name: 'Nest on Fastify', args: ['nest.mjs', 'Fastify'], lacks: ['asset'] },
  { name: 'Hono', args: ['hono.mjs'], differs: { refused: '/private/*' } },
  { name: 'h3', args: ['h3.mjs'], differs: { asset: '/assets/**' } },
  {
    name: 'any other, with templates',
    args: ['templates.cjs'],
    differs: { 'wrong method': '/users/:id' },
    env: {
      WEIGHBRIDGE_ENDPOINTS:
        '/ /users/:id /users/:id/photos /fail/:id /slow/:id /private/:id /assets/* /v1/:tenant/items/:item /v1/:tenant/fail /v2/:tenant/items/:item',
    },
  },
];

/** One request, and under which labels its bytes belong. Raw segments begin with `raw`: no label may hold one. */
interface Case {
  name: string;
  method?: string;
  path: string;
  body?: string;
  endpoint: string;
  status: number;
  /** The client leaves when it has got the first of the body. */
  leaves?: boolean;
}

const cases: Case[] = [
  { name: 'home', path: '/', endpoint: '/', status: 200 },
  { name: 'route', path: '/users/raw1?raw=query', endpoint: '/users/:id', status: 200 },
  { name: 'routed 404', path: '/users/raw-missing', endpoint: '/users/:id', status: 404 },
  {
    name: 'upload',
    method: 'POST',
    path: '/users/raw2/photos',
    body: 'x'.repeat(70_000),
    endpoint: '/users/:id/photos',
    status: 201,
  },
  { name: 'error', path: '/fail/raw3', endpoint: '/fail/:id', status: 500 },
  { name: 'abort', path: '/slow/raw4', endpoint: '/slow/:id', status: 200, leaves: true },
  { name: 'first mount', path: '/v1/raw5/items/raw6', endpoint: '/v1/:tenant/items/:item', status: 200 },
  { name: 'second mount', path: '/v2/raw7/items/raw8', endpoint: '/v2/:tenant/items/:item', status: 200 },
  { name: 'error below a mount', path: '/v1/raw9/fail', endpoint: '/v1/:tenant/fail', status: 500 },
  { name: 'refused', path: '/private/raw10', endpoint: '/private/:id', status: 401 },
  { name: 'asset', path: '/assets/raw-asset.txt', endpoint: '/assets/*', status: 200 },
  { name: 'nowhere', path: '/raw11/raw12', endpoint: '_unmatched', status: 404 },
  { name: 'wrong method', method: 'DELETE', path: '/users/raw13', endpoint: '_unmatched', status: 404 },
];

const stops: (() => unknown)[] = [];
beforeAll(() => installFolder(folder), 300_000);
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe.each(frameworks)('$name', (framework) => {
  test.each(nodeVersions)('has each request under its template, exact to the byte, on Node %s', async (version) => {
    await conform(framework, version, {});
  });

  test('has them also after it was loaded anew', async () => {
    await conform(framework, nodeVersions[1], { RELOAD: '1' });
  });
});

async function conform(framework: Framework, version: string, env: NodeJS.ProcessEnv): Promise<void> {
  const own = `127.0.0.1:${await freePort()}`;
  const running = new AppProcess(`${folder}run.mjs`, {
    node: nodeBinary(version),
    appArgs: framework.args,
    env: { WEIGHBRIDGE_METRICS_LISTEN: own, NO_COLOR: '1', ...framework.env, ...env },
  });
  stops.push(() => running.stop('SIGKILL'));
  const port = Number(new URL(await running.line()).port);
  const expected = new Map<string, number>();
  const asked = [...cases.filter(({ name }) => !framework.lacks?.includes(name)), ...(framework.has ?? [])];
  for (const each of asked) await ask(port, each, framework, expected);

  const text = await getUntil(`http://${own}/metrics`, (metrics) => countEnded(metrics) === asked.length);
  const { samples } = new Scrape(text);
  for (const { labels } of samples) expect(Object.values(labels).join(' ')).not.toContain('raw');
  expect(Object.fromEntries(samples.flatMap(toEntry))).toEqual(Object.fromEntries(expected));
}

/** Asks on a connection of its own, and notes what the client sent and received. */
async function ask(port: number, each: Case, framework: Framework, expected: Map<string, number>): Promise<void> {
  const { method = 'GET', path, body = '' } = each;
  const client = await RawClient.open(port);
  const length = body === '' ? '' : `Content-Type: text/x\r\nContent-Length: ${body.length}\r\n`;
  const request = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${length}\r\n${body}`;
  client.send(request);
  if (each.leaves) {
    await client.until(/part/);
    await client.end();
  } else {
    await client.closed();
  }
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(client.received)?.[1]);
  // Some say 404 and others 405 for a method that no route has.
  if (each.name === 'wrong method') expect([404, 405]).toContain(status);
  else expect({ ...each, status }).toEqual(each);

  const endpoint = findExpectedEndpoint(each, framework);
  add(expected, `in ${method} ${endpoint}`, request.length);
  add(expected, `out ${method} ${endpoint} ${status}`, client.received.length);
}

function findExpectedEndpoint({ name, endpoint }: Case, { differs, parameter }: Framework): string {
  const template = differs?.[name] ?? endpoint;
  return parameter ? template.replaceAll(/:(\w+)/g, (_, found: string) => parameter(found)) : template;
}

function add(sums: Map<string, number>, key: string, bytes: number): void {
  sums.set(key, (sums.get(key) ?? 0) + bytes);
}

function countEnded(text: string): number {
  return new Scrape(text).sum('weighbridge_http_response_size_bytes_count');
}

function toEntry({ name, labels, value }: Sample): [string, number][] {
  // Listed routes stand at 0.
  if (value === 0) return [];
  if (name === 'weighbridge_http_request_bytes_total') return [[`in ${labels.method} ${labels.endpoint}`, value]];
  if (name !== 'weighbridge_http_response_bytes_total') return [];
  return [[`out ${labels.method} ${labels.endpoint} ${labels.status}`, value]];
}
