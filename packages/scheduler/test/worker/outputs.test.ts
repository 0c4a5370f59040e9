import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findOutputs } from '../../src/worker/outputs.ts';
import { test as withWorker } from './support/worker-fixture.ts';

let root: string;
let directory: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weighbridge-test-'));
  directory = join(root, 'attempt');
  await mkdir(join(directory, 'sub'), { recursive: true });
  await writeFile(join(root, 'secret.txt'), 'secret');
  await writeFile(join(directory, 'a.txt'), 'a');
  await writeFile(join(directory, 'sub', 'b.txt'), 'b');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const found = async (...optionalOutputs: string[]) =>
  [...(await findOutputs(directory, { outputs: [], optionalOutputs })).keys()].sort();

describe('outputs', () => {
  test('are the regular files that a glob matches, each once', async () => {
    expect(await found('**/*.txt', '*.txt', 'sub/b.txt')).toEqual(['a.txt', 'b.txt']);
    expect(await found('*')).toEqual(['a.txt']);
  });

  test('never lie outside of the directory', async () => {
    await symlink(join(root, 'secret.txt'), join(directory, 'link.txt'));
    await symlink(root, join(directory, 'out'));
    expect(await found('**', '*.txt', 'out/*', 'out/secret.txt', '../secret.txt', '**/secret.txt')).toEqual([
      'a.txt',
      'b.txt',
    ]);
  });

  test('of two files with one name are refused', async () => {
    await writeFile(join(directory, 'sub', 'a.txt'), 'another');
    await expect(findOutputs(directory, { outputs: ['**/*.txt'], optionalOutputs: [] })).rejects.toThrow(
      'two outputs have the same file name, "a.txt"',
    );
  });

  withWorker('that the master has already are not sent again', async ({ master, start }) => {
    await start();
    const known = master.store('known\n');
    const result = await master.run({ args: ['-c', 'echo known > k; echo new > n; : > empty'], outputs: ['*'] });
    expect(result.outputs).toHaveLength(3);
    const puts = master.requests.filter((request) => request.startsWith('PUT'));
    expect(puts).toHaveLength(2);
    expect(puts).not.toContain(`PUT /blobs/${known}`);
  });

  withWorker('that no file matches fail the job, unless they are optional', async ({ master, start }) => {
    await start();
    const args = ['-c', ': > made'];
    const failed = await master.run({ args, outputs: ['*.gz', 'made', '*.zst'] });
    expect(failed).toMatchObject({
      outcome: 'failed',
      exitCode: 0,
      reason:
        'the command succeeded, but no file matches the outputs "*.gz", "*.zst"; where that is no failure, name them with --output-optional',
    });
    const succeeded = await master.run({ args, outputs: ['made'], optionalOutputs: ['*.gz', 'm*'] });
    expect(succeeded).toMatchObject({ outcome: 'succeeded', outputs: [{ name: 'made' }] });
  });

  withWorker('and a failed command has none', async ({ master, start }) => {
    await start();
    const result = await master.run({ args: ['-c', 'echo x > x; exit 1'], outputs: ['*'] });
    expect(result).toEqual({ session: expect.any(String), outcome: 'failed', exitCode: 1 });
  });
});

describe('an attempt', () => {
  withWorker(
    'fails with one sentence when an input is not stored or not what its name says',
    async ({ master, start }) => {
      await start();
      const missing = 'e'.repeat(64);
      const inputs = [{ name: 'x', sha256: missing }];
      expect(await master.run({ args: ['-c', 'exit 0'], inputs })).toMatchObject({
        outcome: 'failed',
        reason: 'not-found it is',
      });
      master.blobs.set(missing, Buffer.from('another'));
      const mismatched = await master.run({ args: ['-c', 'exit 0'], inputs });
      expect(mismatched.reason).toContain(`the blob ${missing} came with another content`);
    },
  );

  withWorker('fails when an input would leave its directory', async ({ master, start }) => {
    await start();
    const inputs = [{ name: '../x', sha256: master.store('x') }];
    const result = await master.run({ args: ['-c', 'exit 0'], inputs });
    expect(result).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('plain file name') });
  });

  withWorker('is refused when it sets what decides which code runs', async ({ master, start }) => {
    await start();
    for (const name of ['PATH', 'LD_PRELOAD', 'DYLD_INSERT_LIBRARIES', 'NODE_OPTIONS']) {
      const result = await master.run({ command: 'echo', env: { [name]: '/x' } });
      expect(result).toMatchObject({ outcome: 'refused', reason: expect.stringContaining(name) });
    }
  });

  withWorker(
    'fails when its command is allowed but not there, or cannot be started',
    async ({ master, start, workDir }) => {
      await writeFile(join(workDir, 'broken'), '#!/no/such/interpreter\n');
      await chmod(join(workDir, 'broken'), 0o755);
      await start({ allow: ['no-such-command', 'broken'], env: [`PATH=${workDir}`] });
      expect((await master.run({ command: 'no-such-command' })).reason).toContain("in no folder of the worker's PATH");
      const result = await master.run({ command: 'broken' });
      expect(result).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('could not be started') });
    },
  );
});
