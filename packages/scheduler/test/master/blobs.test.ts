import { readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Running, sha256, startMaster } from './harness.ts';

let running: Running;
beforeAll(async () => {
  running = await startMaster();
});
afterAll(() => running[Symbol.asyncDispose]());

const put = (name: string, body: RequestInit['body'], headers: Record<string, string> = {}) =>
  running.call(`/blobs/${name}`, { method: 'PUT', body: body ?? null, headers });
const drafts = () => readdir(join(running.dataDir, 'blobs', 'incoming'));

test('a blob is stored once: 201 at first, 200 for the same again, HEAD and GET find it', async () => {
  const name = sha256('content');
  const first = await put(name, 'content');
  expect([first.status, await first.json()]).toEqual([201, { sha256: name, sizeBytes: 7 }]);
  const second = await put(name, 'content');
  expect([second.status, await second.json()]).toEqual([200, { sha256: name, sizeBytes: 7 }]);
  expect(await running.client.blobSize(name)).toBe(7);
  const got = await running.call(`/blobs/${name}`);
  expect(got.headers.get('etag')).toBe(`"${name}"`);
  expect(await got.text()).toBe('content');
});

test('an empty blob is a blob', async () => {
  expect((await put(sha256(''), '')).status).toBe(201);
  expect(await running.client.blobSize(sha256(''))).toBe(0);
  expect(await (await running.call(`/blobs/${sha256('')}`)).text()).toBe('');
});

test('content that is not what the name says is refused and leaves nothing behind', async () => {
  const response = await put(sha256('one thing'), 'another');
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({
    code: 'blob-mismatch',
    detail: expect.stringContaining(sha256('another')),
  });
  expect(await running.client.blobSize(sha256('one thing'))).toBeUndefined();
  expect(await drafts()).toEqual([]);
});

test('an upload that breaks off leaves nothing behind', async () => {
  const name = sha256('x'.repeat(1000));
  const { hostname, port } = new URL(running.apiUrl);
  const upload = request({
    hostname,
    port,
    path: `/blobs/${name}`,
    method: 'PUT',
    headers: { authorization: `Bearer ${running.token}`, 'content-length': 1000 },
  });
  upload.on('error', () => {});
  upload.write('x'.repeat(500));
  await expect.poll(drafts).toHaveLength(1);
  upload.destroy();
  await expect.poll(drafts).toEqual([]);
  expect(await running.client.blobSize(name)).toBeUndefined();
});

test('a body announced over the limit is refused before it is read', async () => {
  const { hostname, port } = new URL(running.apiUrl);
  const upload = request({
    hostname,
    port,
    path: `/blobs/${sha256('big')}`,
    method: 'PUT',
    headers: { authorization: `Bearer ${running.token}`, 'content-length': 65 * 1024 ** 3 },
  });
  upload.on('error', () => {});
  const status = await new Promise((resolve) =>
    upload.once('response', (response) => resolve(response.statusCode)).flushHeaders(),
  );
  upload.destroy();
  expect(status).toBe(413);
});

test.each([
  ['bytes=0-3', 206, 'rang', 'bytes 0-3/13'],
  ['bytes=6-', 206, ' of it\n', 'bytes 6-12/13'],
  ['bytes=-4', 206, ' it\n', 'bytes 9-12/13'],
  ['bytes=-99', 206, 'ranges of it\n', 'bytes 0-12/13'],
  ['bytes=3-99', 206, 'ges of it\n', 'bytes 3-12/13'],
  ['bytes=5-2', 200, 'ranges of it\n', null],
  ['bytes=0-1,3-4', 200, 'ranges of it\n', null],
  ['lines=1-2', 200, 'ranges of it\n', null],
])('Range: %s', async (range, status, body, contentRange) => {
  const name = sha256('ranges of it\n');
  await put(name, 'ranges of it\n');
  const response = await running.call(`/blobs/${name}`, { headers: { range } });
  expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([
    status,
    body,
    contentRange,
  ]);
});

test('a range outside the blob is refused, saying how long the blob is', async () => {
  const name = sha256('short');
  await put(name, 'short');
  const response = await running.call(`/blobs/${name}`, { headers: { range: 'bytes=5-' } });
  expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */5']);
  expect(await response.json()).toMatchObject({
    code: 'range-not-satisfiable',
    detail: "the range must begin within the blob's 5 bytes, got bytes=5-",
  });
});

test('who has the blob already is told so, and a range of another version is not sent', async () => {
  const name = sha256('tagged');
  await put(name, 'tagged');
  const again = await running.call(`/blobs/${name}`, { headers: { 'if-none-match': `W/"other", "${name}"` } });
  expect([again.status, await again.text()]).toEqual([304, '']);
  const whole = await running.call(`/blobs/${name}`, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
  expect([whole.status, await whole.text()]).toEqual([200, 'tagged']);
});

test('a failure to write is told although the body still comes', async () => {
  await rm(join(running.dataDir, 'blobs', 'incoming'), { recursive: true });
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  const response = await put(sha256('nowhere to write'), Buffer.alloc(20_000_000));
  expect([response.status, await response.json()]).toMatchObject([
    500,
    { code: 'internal', detail: expect.stringMatching(/^the master failed; its log says why under \S+$/) },
  ]);
  expect(logged).toHaveBeenCalledOnce();
});
