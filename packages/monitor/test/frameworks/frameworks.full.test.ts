import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { beforeAll, describe, expect, test } from 'vitest';
import { installFolder } from '../../../../scripts/install-folder.ts';
import { nodeVersions } from '../accuracy/outside/node-binaries.ts';
import { AppProcess, get } from '../preload/app-process.ts';
import { type Case, conform, type FrameworkApp } from './conformance.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** What each application answers, as most frameworks name it. */
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
  { name: 'nowhere', path: '/raw11/RAW12', endpoint: '_unmatched', status: 404 },
  { name: 'wrong method', method: 'DELETE', path: '/users/raw13', endpoint: '_unmatched', status: 404 },
];

/** How one framework's application differs. */
interface Differences {
  parameter?: (name: string) => string;
  env?: NodeJS.ProcessEnv;
  /** By a case's name. */
  endpoints?: Record<string, string>;
  statuses?: Record<string, number>;
  lacks?: string[];
  has?: Case[];
}

function app(args: string[], { parameter, env, endpoints, statuses, lacks, has = [] }: Differences = {}): FrameworkApp {
  const own = cases
    .filter(({ name }) => !lacks?.includes(name))
    .map((each) => {
      const template = endpoints?.[each.name] ?? each.endpoint;
      return {
        ...each,
        status: statuses?.[each.name] ?? each.status,
        endpoint: parameter ? template.replaceAll(/:(\w+)/g, (_, name: string) => parameter(name)) : template,
      };
    });
  return { file: `${folder}run.mjs`, args, ...(env ? { env } : {}), cases: [...own, ...has] };
}

const express: Differences = {
  endpoints: { refused: '/private/*', asset: '/assets/*' },
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
const bare: Case[] = [
  { name: 'route', path: '/api/raw1/users/raw2', endpoint: '/api/:version/users/:id', status: 200 },
  { name: 'nothing in a mount', path: '/api/raw3/raw4', endpoint: '_unmatched', status: 404 },
  { name: 'refused at the root', path: '/raw-refused', endpoint: '/*', status: 400 },
];
const templates = cases.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint.startsWith('/'));
const not404 = { 'wrong method': 405 };

const apps: Record<string, FrameworkApp> = {
  'Express 5': app(['express.cjs', 'express'], express),
  'Express 5, imported': app(['express.mjs'], express),
  'Express 4': app(['express.cjs', 'express4'], express),
  'Express 5, bare': { ...app(['express-bare.cjs', 'express']), cases: bare },
  'Express 4, bare': { ...app(['express-bare.cjs', 'express4']), cases: bare },
  Fastify: app(['fastify.cjs']),
  Koa: app(['koa.mjs'], { lacks: ['asset'], statuses: not404 }),
  hapi: app(['hapi.cjs'], { parameter: (name) => `{${name}}`, endpoints: { asset: '/assets/{file*}' } }),
  restify: app(['restify.cjs'], { statuses: not404 }),
  'Nest on Express': app(['nest.mjs', 'Express'], { lacks: ['asset'] }),
  'Nest on Fastify': app(['nest.mjs', 'Fastify'], { lacks: ['asset'] }),
  Hono: app(['hono.mjs'], { endpoints: { refused: '/private/*' } }),
  h3: app(['h3.mjs'], { endpoints: { asset: '/assets/**' } }),
  'any other, with templates': app(['templates.cjs'], {
    env: { WEIGHBRIDGE_ENDPOINTS: templates.join(' ') },
    endpoints: { 'wrong method': '/users/:id' },
    statuses: not404,
  }),
};

beforeAll(() => installFolder(folder), 300_000);

describe.each(Object.entries(apps))('%s', (_, framework) => {
  test.each(nodeVersions)('has each request under its template, exact to the byte, on Node %s', (version) =>
    conform(framework, version),
  );

  test('has them also after it was loaded anew', () => conform(framework, nodeVersions[1], { RELOAD: '1' }));
});

test.each([
  ['polka.cjs', /'_unrouted': polka was met, .*; name templates: WEIGHBRIDGE_ENDPOINTS=/],
  [
    'hono-bare.mjs',
    /'_unrouted': hono was met, .*; add app\.use\(nameEndpoints\(\)\), from '@weighbridge\/monitor\/hono'/,
  ],
])('%s, whose routes are unknown, is told of by its name, once', async (file, line) => {
  const running = new AppProcess(`${folder}run.mjs`, { appArgs: [file], env: { WEIGHBRIDGE_METRICS_LISTEN: 'off' } });
  try {
    const url = await running.line();
    for (let time = 0; time < 3; time++) await get(`${url}/users/raw1`);
    await running.told(line);
    expect(running.errors.match(/\n/g)).toHaveLength(1);
    expect(running.errors).not.toContain('raw1');
  } finally {
    await running.stop();
  }
});

describe.each(['express', 'express4'])('%s', (name) => {
  test('has its routes named also where the monitor comes when they are there', () =>
    conform({ ...app(['express.cjs', name], express), isLate: true }, nodeVersions[1], { LATE: '1' }));

  test('has its routes named also in a bundle, from the second request on', async () => {
    const { cases: routed } = app([], { ...express, lacks: ['asset', 'home'] });
    const first = { name: 'first', path: '/', endpoint: '_unrouted', status: 200 };
    const entry = `require('${folder}apps/express.cjs').start(require('${folder}node_modules/${name}'))`;
    await conformBundled('cjs', `const server = ${entry};`, [first, ...routed]);
  });
});

test('Koa has its routes named in a bundle by one line', async () => {
  const entry = `import { start } from '${folder}apps/koa.mjs';
    import { nameEndpoints } from '@weighbridge/monitor/koa';
    const server = start(nameEndpoints);`;
  await conformBundled('esm', entry, apps.Koa?.cases ?? []);
});

/** Makes one file of an application and all its packages. */
async function conformBundled(format: 'cjs' | 'esm', entry: string, asked: readonly Case[]): Promise<void> {
  const made = mkdtempSync(join(folder, 'bundle-'));
  const [input, file] = [join(made, `entry.${format}.js`), join(made, format === 'cjs' ? 'app.cjs' : 'app.mjs')];
  const ready = "server.on('listening', () => console.log('http://127.0.0.1:' + server.address().port));";
  try {
    writeFileSync(input, `${entry}\n${ready}`);
    await build({ input, platform: 'node', logLevel: 'silent', output: { file, format } });
    await conform({ file, args: [], cases: asked }, nodeVersions[1]);
  } finally {
    rmSync(made, { recursive: true });
  }
}
