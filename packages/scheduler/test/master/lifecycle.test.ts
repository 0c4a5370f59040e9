import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BandwidthHistory, BandwidthWindow } from '@weighbridge/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Master, StartError } from '../../src/index.ts';
import { startMaster } from './harness.ts';
import { startWorker } from './worker-side.ts';

// A first start of the embedded store alone takes seconds.
vi.setConfig({ testTimeout: 60_000 });

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'weighbridge-lifecycle-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const options = (more: object = {}) => ({ listen: '127.0.0.1:0', metricsListen: '127.0.0.1:0', dataDir, ...more });

async function failureOf(master: Master): Promise<StartError> {
  const error = await master.start().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StartError);
  return error as StartError;
}

test('a master makes its token once, readable by its owner alone, and keeps jobs over a restart', async () => {
  const first = new Master(options());
  const info = await first.start();
  expect(info.tokenPath).toBe(join(dataDir, 'token'));
  expect((await readFile(join(dataDir, 'token'), 'utf8')).trim()).toBe(info.token);
  expect((await stat(join(dataDir, 'token'))).mode & 0o777).toBe(0o600);
  expect(info.store).toEqual({ kind: 'embedded', durable: true });
  expect(info.series?.known).toBeGreaterThan(0);
  expect(info.series?.worstCase).toBeGreaterThan(info.series?.known ?? 0);
  await first.stop();

  const second = new Master(options());
  const again = await second.start();
  expect(again.token).toBe(info.token);
  await second.stop();
});

test('a master keeps what moved by the minute over a restart, each byte once', async () => {
  const first = new Master(options());
  const { apiUrl, token } = await first.start();
  const ask = async (url: string, path: string) =>
    (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })).json();
  await ask(apiUrl, '/nodes');
  const points = async (url: string) =>
    ((await ask(url, '/bandwidth/history?resolution=minute')) as BandwidthHistory).points;
  const sum = (all: (number | null)[][]) => all.reduce((total, [, , bytesIn]) => total + (bytesIn ?? 0), 0);
  await expect.poll(async () => sum(await points(apiUrl))).toBeGreaterThan(0);
  await first.stop();

  const second = new Master(options());
  const again = await second.start();
  const kept = await points(again.apiUrl);
  const history = (await ask(again.apiUrl, '/bandwidth/history?resolution=minute')) as BandwidthHistory;
  expect(history.starts.length).toBeGreaterThan(1);
  const secondStart = history.starts.at(-1) as number;
  const before = kept.filter(([at]) => (at ?? 0) < secondStart);
  expect(sum(before)).toBeGreaterThan(0);
  const window = (await ask(again.apiUrl, `/bandwidth/window?from=0&to=${secondStart}`)) as BandwidthWindow;
  expect(window.in).toBe(sum(before));
  expect(window.endpoints).toContainEqual(expect.objectContaining({ method: 'GET', endpoint: '/nodes' }));
  await second.stop();

  // A third start has the first two, and nothing twice.
  const third = new Master(options());
  const { apiUrl: thirdUrl } = await third.start();
  const all = (await points(thirdUrl)).filter(([at]) => (at ?? 0) < secondStart);
  expect(all).toEqual(before);
  await third.stop();
});

test('a port in use is told with the option to change, and nothing is left running', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => blocker.once('listening', resolve));
  const { port } = blocker.address() as { port: number };
  const api = await failureOf(new Master(options({ listen: `127.0.0.1:${port}` })));
  expect(api.failure).toEqual({ code: 'port-in-use', address: `127.0.0.1:${port}`, option: 'listen' });
  const metrics = await failureOf(new Master(options({ metricsListen: `127.0.0.1:${port}` })));
  expect(metrics.failure).toEqual({ code: 'port-in-use', address: `127.0.0.1:${port}`, option: 'metricsListen' });
  blocker.close();
  const master = new Master(options());
  await master.start();
  const second = new Master(options());
  expect((await failureOf(second)).code).toBe('data-locked');
  await master.stop();
});

test('a data folder that is a file, and a token file without a token, are told in a sentence', async () => {
  const file = join(dataDir, 'file');
  await writeFile(file, '');
  const error = await failureOf(new Master(options({ dataDir: file })));
  expect(error.failure).toEqual({ code: 'data-unwritable', option: 'dataDir', path: file, reason: 'EEXIST' });
  const path = join(dataDir, 'token');
  await writeFile(path, '\n');
  const empty = await failureOf(new Master(options()));
  expect(empty.failure).toEqual({ code: 'token-empty', path });
  await writeFile(path, 'my-own-token\n');
  await chmod(path, 0o644);
  const master = new Master(options());
  expect((await master.start()).token).toBe('my-own-token');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await master.stop();
});

test('stopping answers waiting claims, ends streams, cuts stalled uploads, and is over within 3 s', async () => {
  const running = await startMaster({ token: 'given-token' });
  expect(running.tokenPath).toBeUndefined();
  const worker = await startWorker(running);
  const claim = worker.claim(25);
  const stream = await running.call('/bandwidth/stream');
  const upload = fetch(`${running.apiUrl}/blobs/${'a'.repeat(64)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${running.token}` },
    body: new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) }),
    duplex: 'half',
  } as RequestInit).catch(() => 'cut');
  await expect.poll(async () => (await running.client.bandwidth()).inFlight).toBe(4);
  const beganMs = performance.now();
  const stopped = running.master.stop();
  expect(await claim).toEqual([]);
  expect(await stream.text()).toContain('data: ');
  await stopped;
  expect(performance.now() - beganMs).toBeLessThan(3000);
  expect(await upload).toBe('cut');
  await expect(fetch(`${running.apiUrl}/health`)).rejects.toThrow();
  await running[Symbol.asyncDispose]();
});

test('a master that is stopped while it starts is gone for good', async () => {
  const master = new Master(options());
  const starting = master.start().catch(() => undefined);
  await master.stop();
  const info = await starting;
  if (info) await expect(fetch(`${info.apiUrl}/health`)).rejects.toThrow();
  const next = new Master(options());
  await next.start();
  await next.stop();
});
