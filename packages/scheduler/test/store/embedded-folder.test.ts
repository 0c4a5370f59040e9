import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
      failure: { code: 'data-locked', option: 'dataDir', path: dataDir, pid: process.pid },
    });
    await first.ping();
    expect((await readdir(dataDir)).sort()).toEqual(['store', 'store.lock']);
    await first.stop();
  });

  test('a folder that cannot be made is unwritable', async () => {
    await writeFile(join(dataDir, 'file'), '');
    const store = createEmbeddedStore({ dataDir: join(dataDir, 'file') });
    await expect(store.start()).rejects.toMatchObject({
      failure: { code: 'data-unwritable', option: 'dataDir', path: join(dataDir, 'file'), reason: 'EEXIST' },
    });
  });
});
