import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StartError } from '../../src/errors.ts';
import { lockDirectory } from '../../src/store/embedded/directory-lock.ts';
import { thisProcess } from '../../src/store/embedded/lock-holder.ts';
import { createEmbeddedStore } from '../../src/store/index.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'weighbridge-folder-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

// A busy machine takes its time.
describe("the embedded store's folder", { timeout: 60_000 }, () => {
  test('jobs and nodes are there again when it is opened again', async () => {
    const first = createEmbeddedStore({ dataDir });
    await first.start();
    const [kept] = await first.jobs.submit([{ command: 'echo' }]);
    await first.nodes.register({ name: 'node', queues: ['default'], slots: 2, labels: { arch: 'arm64' } });
    await first.stop();

    const second = createEmbeddedStore({ dataDir });
    await second.start();
    expect(await second.jobs.find(kept?.job.id ?? '')).toEqual(kept?.job);
    expect(await second.nodes.find('node')).toMatchObject({ labels: { arch: 'arm64' } });
    await second.stop();
    expect(await readdir(dataDir)).toEqual(['store']);
    await expect(second.ping()).rejects.toMatchObject({ code: 'store-unavailable' });
  });

  test('a second open of the folder is refused in a sentence, and harms the first in no way', async () => {
    const first = createEmbeddedStore({ dataDir });
    await first.start();
    await expect(createEmbeddedStore({ dataDir }).start()).rejects.toMatchObject({
      code: 'data-locked',
      message: `process ${process.pid} already uses the data folder ${dataDir}; stop it or pass another --data`,
    });
    await first.ping();
    expect((await readdir(dataDir)).sort()).toEqual(['store', 'store.lock']);
    await first.stop();
  });

  test('a folder that cannot be made is unwritable', async () => {
    await writeFile(join(dataDir, 'file'), '');
    const store = createEmbeddedStore({ dataDir: join(dataDir, 'file') });
    const error = await store.start().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StartError);
    expect(error).toMatchObject({ code: 'data-unwritable' });
    expect((error as Error).message).toContain('pass another --data');
  });
});

describe('the lock file', () => {
  const path = () => join(dataDir, 'store.lock');
  const leave = (content: string) => writeFile(path(), content);
  const take = () => lockDirectory(path(), dataDir);

  test('is taken from a process that has ended, or whose pid is now of another one', async () => {
    const me = await thisProcess();
    // Above the kernel's greatest pid.
    for (const dead of [
      { ...me, pid: 2 ** 22 + 1 },
      { ...me, startedAt: '1' },
    ]) {
      await leave(JSON.stringify(dead));
      const giveBack = await take();
      expect(JSON.parse(await readFile(path(), 'utf8'))).toMatchObject(me);
      await giveBack();
      await expect(stat(path())).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });

  test('is taken when nothing sensible is in it', async () => {
    for (const content of ['', '{', '{"pid":"x"}', 'null']) {
      await leave(content);
      await (await take())();
    }
  });

  test('of another machine or container is taken only when it was not touched lately', async () => {
    await leave(JSON.stringify({ ...(await thisProcess()), bootId: 'another' }));
    await expect(take()).rejects.toMatchObject({ code: 'data-locked' });
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(path(), longAgo, longAgo);
    await (await take())();
  });

  test('is given to one of many that ask at once, also when a dead one lies there', async () => {
    const me = await thisProcess();
    // So often, because what goes wrong here goes wrong seldom.
    for (let round = 0; round < 40; round++) {
      await leave(JSON.stringify({ ...me, startedAt: '1' }));
      const asked = await Promise.allSettled(Array.from({ length: 8 }, take));
      const given = asked.filter((one) => one.status === 'fulfilled');
      expect(given).toHaveLength(1);
      await given[0]?.value();
      expect(await readdir(dataDir)).toEqual([]);
    }
  });

  test('is taken though one that was removing a dead one has died over it', async () => {
    await leave(JSON.stringify({ ...(await thisProcess()), startedAt: '1' }));
    const permit = `${path()}.remove`;
    await writeFile(permit, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(permit, longAgo, longAgo);
    await (await take())();
    expect(await readdir(dataDir)).toEqual([]);
  });

  test('is not removed by one that has lost it', async () => {
    const giveBack = await take();
    await leave('another');
    await giveBack();
    expect(await readFile(path(), 'utf8')).toBe('another');
  });
});
