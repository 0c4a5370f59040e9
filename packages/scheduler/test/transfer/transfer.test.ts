import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { extract, pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { socketUrl } from '../../src/store/embedded/embedded-server.ts';
import { createEmbeddedStore } from '../../src/store/index.ts';
import { exportStore } from '../../src/transfer/export-store.ts';
import { importStore } from '../../src/transfer/import-store.ts';
import { assertSame, fill, jobsOf, withStore } from './filled-store.ts';

type Row = Record<string, unknown>;

/** Copies an archive with other rows in the tables of jobs and attempts. */
async function rewriteArchive(from: string, to: string, change: (table: string, row: Row) => Row): Promise<void> {
  const entries = extract();
  const copy = pack();
  const written = pipeline(copy, createWriteStream(to));
  createReadStream(from).pipe(entries);
  for await (const entry of entries) {
    const content = await buffer(entry);
    const table = /^(jobs|attempts)\//.exec(entry.header.name)?.[1];
    const rows = table === undefined ? undefined : content.toString().trim().split('\n');
    const changed = rows?.map((row) => `${JSON.stringify(change(table ?? '', JSON.parse(row)))}\n`).join('');
    copy.entry({ name: entry.header.name }, changed ?? content);
  }
  copy.finalize();
  await written;
}

const embedded = (dataDir: string) => createEmbeddedStore({ dataDir });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weighbridge-transfer-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

// A busy machine takes its time.
describe('a store that is moved', { timeout: 60_000 }, () => {
  test('from a folder to another one is the same there, and a second import changes nothing', async () => {
    const [from, to, file] = ['a', 'b', 'a.tar'].map((name) => join(folder, name)) as [string, string, string];
    const { ids, jobs } = await withStore(embedded(from), async (store) => {
      const filled = await fill(store, from);
      // The store is open meanwhile, as under a master that runs.
      const exported = await exportStore({ dataDir: from, file });
      expect(exported).toMatchObject({ jobs: 3, logChunks: 1, blobs: 2, missingBlobs: 0 });
      return { ids: filled, jobs: await jobsOf(store) };
    });
    expect(await importStore({ dataDir: to, file })).toMatchObject({ jobs: 3, skippedJobs: 0, blobs: 2, logChunks: 1 });
    expect(await importStore({ dataDir: to, file })).toMatchObject({ jobs: 0, skippedJobs: 3, blobs: 0, logChunks: 0 });
    await withStore(embedded(to), async (store) => {
      await assertSame(store, to, ids, jobs);
      // The key is known there, and what ran goes on elsewhere once its lease has expired.
      const again = { command: 'echo', args: ['é', '\n'], idempotencyKey: 'once' };
      await expect(store.jobs.submit([again])).rejects.toMatchObject({ code: 'idempotency-mismatch' });
      const client = new pg.Client(socketUrl(join(to, 'store')));
      await client.connect();
      await client.query('UPDATE weighbridge.attempts SET lease_until = now(), lease_seconds = 0');
      await client.end();
      await expect.poll(async () => (await store.jobs.find(ids.running))?.state, { timeout: 10_000 }).toBe('queued');
    });
  });

  test('while a master runs on the target is announced to it', async () => {
    const [from, to, file] = ['f', 'g', 'f.tar'].map((name) => join(folder, name)) as [string, string, string];
    await withStore(embedded(from), async (store) => void (await store.jobs.submit([{ command: 'echo' }])));
    await exportStore({ dataDir: from, file });
    await withStore(embedded(to), async (store) => {
      const ready = new Promise<void>((resolve) => store.attempts.onReady((queue) => queue === 'default' && resolve()));
      await importStore({ dataDir: to, file });
      await ready;
      const { session } = await store.nodes.register({ name: 'node', queues: ['default'], slots: 1 });
      expect((await store.attempts.claim('node', session, { slots: 1 })).claimed).toHaveLength(1);
    });
  });

  test('is told in a sentence what it can not be made from', async () => {
    const dataDir = join(folder, 'nowhere');
    await expect(exportStore({ dataDir, file: join(folder, 'x.tar') })).rejects.toMatchObject({
      failure: { code: 'no-store', path: dataDir },
    });
    const there = join(folder, 'there');
    await writeFile(there, '');
    await expect(exportStore({ dataDir, file: there })).rejects.toMatchObject({
      code: 'bad-option',
      message: `file must be one that isn't there yet, got ${there}`,
    });
    const store = join(folder, 'one');
    await withStore(embedded(store), async () => undefined);
    await expect(exportStore({ dataDir: store, file: join(folder, 'no', 'such', 'folder.tar') })).rejects.toMatchObject(
      {
        code: 'bad-option',
        message: expect.stringContaining('file must be one that can be written'),
      },
    );
    await expect(importStore({ dataDir, file: join(folder, 'missing') })).rejects.toMatchObject({ code: 'bad-option' });
  });

  test('that is interrupted leaves nothing behind, and the folder is free', async () => {
    const [from, file] = ['j', 'j.tar'].map((name) => join(folder, name)) as [string, string];
    await withStore(embedded(from), async (store) => void (await fill(store, from)));
    const stopped = new AbortController();
    const onProgress = () => stopped.abort(new Error('stopped by the test'));
    await expect(exportStore({ dataDir: from, file, signal: stopped.signal, onProgress })).rejects.toThrow(
      'stopped by the test',
    );
    expect((await readdir(folder)).filter((name) => name.startsWith('j.'))).toEqual([]);
    expect(await exportStore({ dataDir: from, file })).toMatchObject({ jobs: 3, blobs: 2 });
  });

  test('by an earlier version: what that kept otherwise is left out, what it lacks has a default', async () => {
    const [from, to, file] = ['k', 'l', 'k.tar'].map((name) => join(folder, name)) as [string, string, string];
    const ids = await withStore(embedded(from), (store) => fill(store, from));
    await exportStore({ dataDir: from, file });
    const earlier = join(folder, 'earlier.tar');
    await rewriteArchive(file, earlier, (table, row) => {
      const { lease_seconds: _, stdout_dropped: __, ...attempt } = row;
      const { command_line: ___, ...job } = row;
      return table === 'attempts' ? { ...attempt, log_bytes: 4, log_cut: false } : { ...job, lost_retry_limit: null };
    });
    expect(await importStore({ dataDir: to, file: earlier })).toMatchObject({ jobs: 3, logChunks: 1 });
    await withStore(embedded(to), async (store) =>
      expect(await store.jobs.find(ids.running)).toMatchObject({ state: 'running', lostRetryLimit: 3 }),
    );
  });

  test('changes nothing when the file is no export, or is cut off', async () => {
    const [from, to, file] = ['h', 'i', 'h.tar'].map((name) => join(folder, name)) as [string, string, string];
    await withStore(embedded(from), async (store) => void (await fill(store, from)));
    await exportStore({ dataDir: from, file });
    const whole = (await readFile(file)).length;
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([]);

    const refused = () =>
      expect(importStore({ dataDir: to, file })).rejects.toMatchObject({
        code: 'bad-option',
        message: expect.stringContaining('file must be what `weighbridge store export` wrote'),
      });
    // Tar's own end is two empty blocks; without ours, a cut between two entries would look whole.
    const block = 512;
    for (let size = whole - 2 * block - 1; size > 0; size -= 3 * block) {
      await truncate(file, size);
      await refused();
    }
    await writeFile(file, 'not a tar file');
    await refused();
    await appendFile(file, 'x'.repeat(2000));
    await refused();
    await withStore(embedded(to), async (store) => expect(await jobsOf(store)).toEqual([]));
  });
});
