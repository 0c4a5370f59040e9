import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, test } from 'vitest';
import { freePort } from '../../../../e2e/support/free-port.ts';
import { installFolder } from '../../../../scripts/install-folder.ts';
import { nodeBinary, nodeVersions } from '../accuracy/outside/node-binaries.ts';
import { type Case, conform } from '../frameworks/conformance.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const next = `${folder}node_modules/next/dist/bin/next`;
const env = { NEXT_TELEMETRY_DISABLED: '1' };
const [, current] = nodeVersions;

const cases: Case[] = [
  { name: 'page', path: '/', endpoint: '/', status: 200 },
  { name: 'page of a parameter', path: '/blog/raw1?raw=query', endpoint: '/blog/[slug]', status: 200 },
  { name: 'routed 404', path: '/blog/raw-missing', endpoint: '/blog/[slug]', status: 404 },
  { name: 'error', path: '/blog/raw-fails', endpoint: '/blog/[slug]', status: 500 },
  { name: 'handler', path: '/api/items/raw2', endpoint: '/api/items/[id]', status: 200 },
  { name: "handler's 404", path: '/api/items/raw-missing', endpoint: '/api/items/[id]', status: 404 },
  {
    name: 'upload',
    method: 'POST',
    path: '/api/items/raw3',
    body: 'x'.repeat(70_000),
    endpoint: '/api/items/[id]',
    status: 201,
  },
  { name: 'wrong method', method: 'DELETE', path: '/api/items/raw4', endpoint: '/api/items/[id]', status: 405 },
  { name: 'abort', path: '/api/slow/raw5', endpoint: '/api/slow/[id]', status: 200, leaves: true },
  { name: 'page of the pages router', path: '/legacy/raw6', endpoint: '/legacy/[id]', status: 200 },
  { name: 'public file', path: '/raw-robots.txt', endpoint: '/*', status: 200 },
  { name: 'nowhere', path: '/raw7/RAW8', endpoint: '_unmatched', status: 404 },
  { name: 'no file of its own', path: '/_next/static/raw9.js', endpoint: '_unmatched', status: 404 },
];

beforeAll(() => {
  installFolder(folder);
  execFileSync(nodeBinary(current), [next, 'build'], { cwd: folder, env: { ...process.env, ...env }, stdio: 'pipe' });
}, 600_000);

describe('Next.js', () => {
  test('as `next start` serves it', async () => {
    const args = ['start', folder, '-H', '127.0.0.1', '-p', String(await freePort())];
    await conform({ file: next, args, env, cases }, current);
  });

  test.each(nodeVersions)('below a server of the application, on Node %s', async (version) => {
    await conform({ file: `${folder}server.mjs`, args: [], env, cases }, version);
  });
});
