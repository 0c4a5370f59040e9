import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { spawnWeighbridge, weighbridge } from './support/cli.ts';
import { Cluster } from './support/cluster.ts';
import { lacksPrograms } from './support/needs.ts';
import { Terminal } from './support/tmux-terminal.ts';

let cluster: Cluster;
let folder: string;
beforeAll(async () => {
  cluster = await Cluster.start();
  for (const name of ['one', 'two']) await cluster.startWorker(name, undefined, ['--slots', '2', '--allow', 'gzip']);
}, 60_000);
afterAll(() => cluster?.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weighbridge-each-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const each = (...args: string[]) => weighbridge(['jobs', 'each', ...args], cluster.master?.env);
const jobCount = async () => (await cluster.client.jobs({ limit: 1000 })).jobs.length;

/** Files of the test's folder; gives what each holds. */
async function makeFiles(count: number): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  await mkdir(join(folder, 'in', 'deep'), { recursive: true });
  for (let n = 0; n < count; n++) {
    const name = n % 5 === 4 ? `deep/file ${n}.txt` : `file-${n}.txt`;
    const content = `${folder} ${n}\n`.repeat(100);
    files.set(name, content);
    await writeFile(join(folder, 'in', name), content);
  }
  return files;
}

const upper = (more = '') => [
  '--output',
  '*.up',
  '--to',
  join(folder, 'out'),
  '--',
  'sh',
  '-c',
  `${more}tr a-z A-Z < "$1" > "$2"`,
  '-',
  '{}',
  '{.}.up',
];

async function expectResults(files: Map<string, string>): Promise<void> {
  for (const [name, content] of files) {
    const path = join(folder, 'out', name.replace('.txt', '.up'));
    expect(await readFile(path, 'utf8')).toBe(content.toUpperCase());
  }
}

describe('jobs each', () => {
  test('runs a job for each file on all machines, and brings back what they made, in the same folders', async () => {
    const files = await makeFiles(20);
    const ended = await each(join(folder, 'in/**/*.txt'), join(folder, 'in', 'file-0.txt'), ...upper('sleep 0.1; '));
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(
      /^20 files: 20 succeeded, 0 failed; \d+ s \([\d.]+ files\/s\); [\d.]+ kB uploaded, [\d.]+ kB fetched\n$/,
    );
    await expectResults(files);
    const nodes = (await cluster.client.jobs({ limit: 20 })).jobs.map(({ node }) => node);
    expect(new Set(nodes)).toEqual(new Set(['one', 'two']));

    // The same again: nothing is uploaded, run or fetched.
    const count = await jobCount();
    const again = JSON.parse((await each(join(folder, 'in/**/*.txt'), '--json', ...upper('sleep 0.1; '))).stdout);
    expect(again).toMatchObject({
      files: 20,
      succeeded: 20,
      failed: 0,
      bytes: { uploaded: 0, fetched: 0 },
      failures: [],
    });
    expect(await jobCount()).toBe(count);
    // Another run of the same.
    await each(join(folder, 'in/**/*.txt'), '--run', 'second', ...upper('sleep 0.1; '));
    expect(await jobCount()).toBe(count + 20);
  });

  test('says what failed, and tries only that again', async () => {
    const files = await makeFiles(6);
    const flag = join(folder, 'flag');
    const args = [join(folder, 'in/*.txt'), ...upper(`case $1 in *-[12].txt) test -e ${flag} || exit 4;; esac; `)];
    const failed = await each(...args);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^5 files: 3 succeeded, 2 failed/);
    for (const n of [1, 2])
      expect(failed.stdout).toMatch(
        new RegExp(`\\n  .*/in/file-${n}\\.txt  job [-0-9a-f]{36}: failed \\(exit code 4\\)\\n`),
      );
    expect(failed.stderr).toBe('weighbridge: 2 of 5 files failed; try them again with --rerun-failed\n');
    // Not by itself.
    expect((await each(...args)).stdout).toMatch(/^5 files: 3 succeeded, 2 failed/);
    await writeFile(flag, '');
    const count = await jobCount();
    const again = await each('--rerun-failed', ...args);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^5 files: 5 succeeded, 0 failed/) });
    expect(await jobCount()).toBe(count);
    files.delete('deep/file 4.txt');
    await expectResults(files);
  });

  test('is taken up again by the same command after an interruption', async () => {
    const files = await makeFiles(16);
    const args = [join(folder, 'in/**/*.txt'), ...upper('sleep 0.5; ')];
    const before = await jobCount();
    const child = spawnWeighbridge([], ['jobs', 'each', ...args], cluster.master?.env ?? {});
    let said = '';
    child.stderr?.on('data', (text) => (said += text));
    await cluster.until(async () =>
      (await readdir(join(folder, 'out')).catch(() => [])).some((name) => name.endsWith('.up')),
    );
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
    expect(said).toMatch(
      /^Interrupted after \d+ of 16 files; \d+ jobs? goe?s? ?on\. The same command takes it up again\.\n$/,
    );
    expect((await readdir(join(folder, 'out'), { recursive: true })).filter((name) => name.endsWith('.part'))).toEqual(
      [],
    );
    const ended = await each(...args);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^16 files: 16 succeeded/) });
    await expectResults(files);
    expect(await jobCount()).toBe(before + 16);
  });

  test('goes on over a restart of the master', async () => {
    const files = await makeFiles(12);
    const running = each(join(folder, 'in/**/*.txt'), ...upper('sleep 0.4; '));
    await cluster.until(async () => (await readdir(join(folder, 'out')).catch(() => [])).length > 0);
    cluster.master?.child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await cluster.startMaster();
    expect(await running).toMatchObject({ code: 0, stdout: expect.stringMatching(/^12 files: 12 succeeded/) });
    await expectResults(files);
  });

  test('appends the file where the command does not name it, and refuses what can not be', async () => {
    await makeFiles(3);
    const ended = await each(
      join(folder, 'in/*.txt'),
      '--output',
      '*.gz',
      '--to',
      join(folder, 'out'),
      '--',
      'gzip',
      '-9',
    );
    expect(ended.code).toBe(0);
    expect(execFileSync('gzip', ['-dc', join(folder, 'out', 'file-1.txt.gz')], { encoding: 'utf8' })).toBe(
      await readFile(join(folder, 'in', 'file-1.txt'), 'utf8'),
    );
    expect(await each(join(folder, '*.none'), '--', 'gzip')).toMatchObject({
      code: 2,
      stderr: `weighbridge: ${join(folder, '*.none')} names no file\n`,
    });
    expect((await each(join(folder, 'in'), '--', 'gzip')).stderr).toContain(
      `is no regular file; name the files in it with a glob, e.g. '${join(folder, 'in')}/*'`,
    );
    for (const args of [['--', 'gzip'], [join(folder, 'in/*.txt')]])
      expect(await each(...args)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('name the files first, then `--`'),
      });
  });

  test('does not write one result over another', async () => {
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in', 'a.one'), 'one');
    await writeFile(join(folder, 'in', 'a.two'), 'two');
    const ended = await each(join(folder, 'in/*'), ...upper());
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(
      /out\/a\.up comes of .*in\/a\.(one|two) too; let the command give them names of their own/,
    );
  });
});

describe.skipIf(lacksPrograms({ tmux: 'tmux' }))('in a terminal', () => {
  afterEach(() => Terminal.closeAll());

  test('one line shows how far it is, how fast, and how long still', async () => {
    await makeFiles(12);
    const args = ['jobs', 'each', join(folder, 'in/**/*.txt'), ...upper('sleep 1; ')];
    const terminal = new Terminal(args, cluster.master?.env);
    await expect
      .poll(() => terminal.screen(), { interval: 50 })
      .toMatch(/^█+░+ \d+ % {2}\d+ of 12 files, [\d.]+ files\/s, [\d.]+ k?B\/s, \d+ s left/);
    await expect.poll(() => terminal.hasEnded).toBe(true);
    expect(terminal.printed()).toMatch(/^12 files: 12 succeeded, 0 failed/);
  });
});
