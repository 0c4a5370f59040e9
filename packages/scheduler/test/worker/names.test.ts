import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { Worker } from '../../src/worker/index.ts';
import { test } from './support/worker-fixture.ts';

describe('the name of a worker', () => {
  test('is the host’s, and of further workers in the same folder one with a number', async ({ master, start }) => {
    const workers = [await start({ name: undefined }), await start({ name: undefined })];
    await start({ name: undefined });
    const [host, ...more] = master.registrations.map(({ name }) => name);
    expect(hostname()).toContain(host);
    expect(more).toEqual([`${host}-2`, `${host}-3`]);
    await workers[1]?.stop();
    await start({ name: undefined });
    expect(master.registrations.at(-1)?.name).toBe(`${host}-2`);
  });

  test('is held by its folder’s lock: a second worker is refused, and touches nothing', async ({
    master,
    start,
    workDir,
  }) => {
    await start();
    const left = join(workDir, 'node-1', 'attempts', 'left');
    await writeFile(left, 'of the first');
    await expect(start()).rejects.toMatchObject({
      failure: { code: 'data-locked', option: 'workDir', path: join(workDir, 'node-1'), pid: process.pid },
    });
    expect(await readFile(left, 'utf8')).toBe('of the first');
    expect(master.registrations).toHaveLength(1);
    await start({ name: 'node-2' });
    expect(await readdir(workDir)).toEqual(['node-1', 'node-2']);
  });

  test('is proved by a secret that stays in the folder, for its owner alone', async ({ master, start, workDir }) => {
    await (await start()).stop();
    await start();
    await start({ name: 'node-2' });
    const [first, again, other] = master.registrations.map(({ secret }) => secret);
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect((await stat(join(workDir, 'node-1', 'secret'))).mode & 0o777).toBe(0o600);
  });

  test('is free again when a start has failed', async ({ master, start, workDir }) => {
    const options = { master: master.url, token: 'wrong', name: 'node-1', workDir };
    await expect(new Worker(options).start()).rejects.toMatchObject({ code: 'master-refused' });
    await start();
  });
});
