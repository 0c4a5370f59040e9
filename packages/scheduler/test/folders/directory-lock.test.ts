import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lacksProc } from '../../../../e2e/support/needs.ts';
import { lockDirectory } from '../../src/folders/directory-lock.ts';
import { thisProcess } from '../../src/folders/lock-holder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weighbridge-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the lock file', () => {
  const path = () => join(folder, 'lock');
  const leave = (content: string) => writeFile(path(), content);
  const take = () => lockDirectory(path(), { option: 'dataDir', path: folder });

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

  test.skipIf(lacksProc())('is taken from a process that nobody has collected yet', async () => {
    // The shell becomes a program that collects no children. Its child ends with our end of the pipe, and not before
    // that: the shell itself would collect it.
    const command = 'exec 3<&0; read -r line <&3 & echo $!; exec sleep 60';
    const parent = spawn('sh', ['-c', command], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n');
      parent.stdin.end();
      const fields = async () => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
      await expect.poll(async () => (await fields())[0]).toBe('Z');
      await leave(JSON.stringify({ ...(await thisProcess()), pid, startedAt: (await fields())[19] }));
      await (await take())();
    } finally {
      parent.kill();
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
      expect(await readdir(folder)).toEqual([]);
    }
  });

  test('is taken though one that was removing a dead one has died over it', async () => {
    await leave(JSON.stringify({ ...(await thisProcess()), startedAt: '1' }));
    const permit = `${path()}.remove`;
    await writeFile(permit, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(permit, longAgo, longAgo);
    await (await take())();
    expect(await readdir(folder)).toEqual([]);
  });

  test('is not removed by one that has lost it', async () => {
    const giveBack = await take();
    await leave('another');
    await giveBack();
    expect(await readFile(path(), 'utf8')).toBe('another');
  });
});
