import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { spawnWeighbridge, weighbridge } from './support/cli.ts';
import { Cluster } from './support/cluster.ts';
import { lacksPrograms } from './support/needs.ts';
import { Terminal } from './support/tmux-terminal.ts';

let cluster: Cluster;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weighbridge-run-'));
  cluster = await Cluster.start();
  await cluster.startWorker('mill');
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const env = () => cluster.master?.env ?? {};
const run = (...args: string[]) => weighbridge(['run', ...args], env());
const shell = (script: string) => run('--', 'sh', '-c', script);
const newest = async () => (await cluster.client.jobs({ limit: 1 })).jobs[0];
const untilRunning = () => cluster.until(async () => (await newest())?.state === 'running');
const untilCancelled = () => cluster.until(async () => (await newest())?.state === 'cancelled');

describe('run exits', () => {
  test("with the command's own code, and prints what it prints, each stream to its own", async () => {
    expect(await shell('echo out; echo err >&2; exit 7')).toEqual({
      code: 7,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(await shell('exit 0')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect((await weighbridge(['jobs', 'run', '--', 'sh', '-c', 'exit 3'], env())).code).toBe(3);
  });

  test("with 128 and the signal's number where a signal ended it", async () => {
    expect((await shell('kill -KILL $$')).code).toBe(137);
  });

  test('with 125 where it could not be run', async () => {
    expect(await run('--', 'rm', '-rf', '/')).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('does not allow the command "rm"'),
    });
    expect(await run('--timeout', '1', '--', 'sh', '-c', 'sleep 60')).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('timed out (it took longer than its timeout of 1 s)'),
    });
    expect((await run('--output', '*.none', '--', 'sh', '-c', 'exit 0')).code).toBe(125);
    expect((await run('--colour', '--', 'sh')).code).toBe(125);
    expect((await run('--master', 'http://127.0.0.1:1', '--', 'sh')).code).toBe(125);
    const refused = await weighbridge(['run', '--', 'sh'], { ...env(), WEIGHBRIDGE_TOKEN: 'another-token' });
    expect(refused.code).toBe(125);
  });

  test('after its files went there and came back', async () => {
    await writeFile(join(folder, 'in.txt'), 'hello\n');
    const ended = await run(
      ...['--input', join(folder, 'in.txt'), '--output', '*.up', '--to', join(folder, 'back')],
      ...['--', 'sh', '-c', 'tr a-z A-Z < in.txt > out.up'],
    );
    expect(ended.code).toBe(0);
    expect(await readFile(join(folder, 'back', 'out.up'), 'utf8')).toBe('HELLO\n');
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  'without a terminal %s cancels the job and exits with 130',
  async (signal) => {
    const child = spawnWeighbridge([], ['run', '--', 'sh', '-c', 'sleep 60'], env());
    await untilRunning();
    child.kill(signal);
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(130);
    await untilCancelled();
  },
);

describe.skipIf(lacksPrograms({ tmux: 'tmux' }))('in a terminal Ctrl-C asks once', () => {
  afterEach(() => Terminal.closeAll());

  const open = async () => {
    const before = (await newest())?.id;
    const terminal = new Terminal(['run', '--', 'sh', '-c', 'echo begun; sleep 60'], env());
    await expect.poll(() => terminal.screen()).toContain('begun');
    await cluster.until(async () => (await newest())?.id !== before);
    terminal.press('C-c');
    await expect
      .poll(() => terminal.screen())
      .toMatch(/Cancel job [-0-9a-f]{36}\? \[y: cancel it, n: leave it running\]/);
    expect((await newest())?.state).toBe('running');
    return terminal;
  };

  test('and cancels', async () => {
    const terminal = await open();
    terminal.press('y', 'Enter');
    await untilCancelled();
    await expect.poll(() => terminal.hasEnded).toBe(true);
    await expect.poll(() => terminal.exitCode).toBe(130);
  });

  test.each([{ keys: ['n', 'Enter'] }, { keys: ['C-c'] }])('and leaves it running ($keys)', async ({ keys }) => {
    const terminal = await open();
    terminal.press(...keys);
    await expect.poll(() => terminal.hasEnded).toBe(true);
    await expect.poll(() => terminal.exitCode).toBe(130);
    const id = (await newest())?.id ?? '';
    expect(terminal.printed().replaceAll('\n', '')).toContain(
      `Job ${id} runs on: weighbridge jobs logs ${id} --follow`,
    );
    expect((await newest())?.state).toBe('running');
    await cluster.client.cancel(id);
    await untilCancelled();
  });
});
