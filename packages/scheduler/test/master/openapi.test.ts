import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, startMaster } from './harness.ts';

type Operation = {
  responses: Record<string, { content?: Record<string, unknown> }>;
  requestBody?: { content: Record<string, { schema: object }> };
  security?: unknown[];
};
let running: Running;
beforeAll(async () => {
  running = await startMaster();
});
afterAll(() => running[Symbol.asyncDispose]());

test('the API describes every route of its own, in OpenAPI 3.1', async () => {
  const api = (await (await fetch(`${running.apiUrl}/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
  };
  expect(api.openapi).toBe('3.1.0');
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => method !== 'head')
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(operations.sort()).toEqual([
    'DELETE /nodes/{id}',
    'GET /bandwidth',
    'GET /bandwidth/endpoint',
    'GET /bandwidth/history',
    'GET /bandwidth/stream',
    'GET /bandwidth/transfers',
    'GET /bandwidth/window',
    'GET /blobs/{sha256}',
    'GET /health',
    'GET /jobs',
    'GET /jobs/{id}',
    'GET /jobs/{id}/files/{name}',
    'GET /jobs/{id}/logs',
    'GET /nodes',
    'GET /nodes/{id}',
    'GET /queues/{queue}',
    'GET /ready',
    'POST /jobs',
    'POST /jobs/find',
    'POST /jobs/{id}/attempts/{n}/logs',
    'POST /jobs/{id}/attempts/{n}/result',
    'POST /jobs/{id}/cancel',
    'POST /jobs/{id}/retry',
    'POST /nodes/register',
    'POST /nodes/{id}/claim',
    'POST /nodes/{id}/drain',
    'POST /nodes/{id}/goodbye',
    'POST /nodes/{id}/heartbeat',
    'POST /nodes/{id}/resume',
    'PUT /blobs/{sha256}',
  ]);
  expect(api.paths['/jobs']?.post?.requestBody?.content['application/json']?.schema).toHaveProperty('anyOf');
  expect(api.paths['/blobs/{sha256}']?.get?.responses['200']?.content).toHaveProperty('application/octet-stream');
  expect(api.paths['/jobs']?.post?.responses['422']?.content).toHaveProperty('application/problem+json');
  expect(api.paths['/health']?.get?.security).toEqual([]);
});

test('the page is served under a policy that lets nothing foreign in', async () => {
  const page = await fetch(running.pageUrl);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const links = [...(await page.text()).matchAll(/(?:src|href)="(\/[^"]*)"/g)].map((match) => match[1] as string);
  expect(links.length).toBeGreaterThan(2);
  for (const link of links) expect([link, (await fetch(running.apiUrl + link)).status]).toEqual([link, 200]);
  expect((await fetch(`${running.apiUrl}/page/none.js`)).status).toBe(404);
  expect((await fetch(`${running.apiUrl}/page/page.js`, { method: 'POST' })).status).toBe(405);
});
