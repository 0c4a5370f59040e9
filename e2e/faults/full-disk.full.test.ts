import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@weighbridge/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { anyPorts, startShared, stop } from '../support/cli.ts';
import { createFolder } from '../support/folder.ts';
import { scrape } from '../support/metrics.ts';
import { lacksMounts } from '../support/needs.ts';

const missing = lacksMounts();

const megabyte = 1_000_000;

/** A master whose data folder is a small disk of its own. */
async function startOnSmallDisk(diskMegabytes: number, ...more: string[]) {
  const folder = await createFolder();
  const mount = `mount -t tmpfs -o size=${diskMegabytes}m tmpfs ${folder} && exec "$@"`;
  const args = ['master', '--embedded', ...anyPorts, '--data', folder, ...more];
  // The folder is seen from outside by way of the process.
  const env = { WEIGHBRIDGE_TOKEN: 'a-token-of-tests' };
  const master = await startShared(args, env, ['unshare', '--mount', 'sh', '-c', mount, 'sh']);
  onTestFinished(() => stop(master.child));
  const disk = `/proc/${master.child.pid}/root${folder}`;
  const client = new Client({ url: master.apiUrl, token: 'a-token-of-tests' });
  const filler = join(disk, 'filler');
  return {
    master,
    client,
    disk,
    /** Takes all of the disk but so many bytes. */
    async fillBut(leftBytes: number) {
      const { free } = await gauges(master.metricsUrl);
      await writeFile(filler, Buffer.alloc(Math.max(0, free - leftBytes)), { flag: 'a' }).catch(() => undefined);
    },
    empty: () => rm(filler, { force: true }),
  };
}

async function gauges(metricsUrl: string) {
  const exposition = await scrape(metricsUrl);
  const value = (name: string) => exposition.of(`scheduler_${name}`, {})[0]?.value ?? 0;
  return { free: value('storage_free_bytes'), blobs: value('blob_bytes'), up: value('store_up') };
}

const statusOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    ({ status, code }) => `${status} ${code}`,
  );

const blob = async (client: Client, bytes: number) => {
  const content = Buffer.alloc(bytes, `${bytes}`);
  const name = Buffer.from(await crypto.subtle.digest('SHA-256', content)).toString('hex');
  return client.putBlob(name, bytes, new Blob([content]).stream());
};

test.skipIf(missing)(`below the reserve only heartbeats and results are taken`, async () => {
  const { master, client, disk, fillBut, empty } = await startOnSmallDisk(300, '--reserve', '100MB');
  const { id } = await client.submit({ command: 'true' });
  const { session } = await client.register({ name: 'node', queues: ['default'], slots: 1 });
  const worker = new Client({ url: master.apiUrl, token: 'a-token-of-tests', node: 'node' });
  await worker.claim('node', { session, slots: 1 });
  const ref = { jobId: id, attempt: 1 };
  // One that would take a part of the reserve.
  expect(await statusOf(blob(client, 200 * megabyte))).toBe('507 storage-full');
  expect(await statusOf(blob(client, megabyte))).toBe('done');

  await fillBut(50 * megabyte);
  await expect.poll(async () => (await gauges(master.metricsUrl)).free).toBeLessThan(100 * megabyte);
  const submit = () => client.submit({ command: 'true' });
  const log = () => worker.appendLog(ref, { stream: 'stdout', offset: 0, bytes: Buffer.from('x') });
  await expect.poll(() => statusOf(submit())).toBe('507 storage-full');
  await expect(submit()).rejects.toThrow(
    /has \d+ bytes free, and 100000000 are kept in reserve \(--reserve\): free some/,
  );
  expect(await statusOf(log())).toBe('507 storage-full');
  expect(await statusOf(blob(client, 10))).toBe('507 storage-full');
  const ready = await fetch(`${master.apiUrl}/ready`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', storage: 'full' }]);

  expect(await statusOf(worker.heartbeat('node', { session, attempts: [ref] }))).toBe('done');
  expect(await statusOf(worker.result(ref, { session, outcome: 'succeeded' }))).toBe('done');
  expect((await client.job(id)).state).toBe('succeeded');
  expect(await readdir(join(disk, 'blobs', 'incoming'))).toEqual([]);

  await empty();
  await expect.poll(() => statusOf(submit())).toBe('done');
  expect(await (await fetch(`${master.apiUrl}/ready`)).json()).toEqual({ status: 'ready', storage: 'free' });
  expect((await gauges(master.metricsUrl)).blobs).toBe(megabyte);
});

test.skipIf(missing)(`a store that the full disk has stopped comes back with all that it had`, async () => {
  const { master, client, disk, fillBut, empty } = await startOnSmallDisk(150, '--reserve', '0');
  const submit = () => client.submit({ command: 'echo', args: ['x'.repeat(30_000)] });
  const kept: string[] = [];
  for (let i = 0; i < 20; i++) kept.push((await submit()).id);
  await fillBut(0);
  // Until it can write no more: an error of a statement, or the end of the server.
  const refusals = new Set<string>();
  await expect
    .poll(
      async () => {
        const status = await statusOf(submit().then(({ id }) => kept.push(id)));
        if (status !== 'done') refusals.add(status);
        return refusals.size;
      },
      { timeout: 60_000, interval: 1 },
    )
    .toBeGreaterThan(0);
  expect([...refusals].filter((status) => !['503 store-unavailable', '507 storage-full'].includes(status))).toEqual([]);
  expect(await statusOf(blob(client, 5 * megabyte))).toBe('507 storage-full');
  expect(await readdir(join(disk, 'blobs', 'incoming'))).toEqual([]);

  await empty();
  await expect.poll(() => statusOf(submit()), { timeout: 60_000 }).toBe('done');
  expect((await fetch(`${master.apiUrl}/ready`)).status).toBe(200);
  for (const id of kept) expect((await client.job(id)).state).toBe('queued');
});
