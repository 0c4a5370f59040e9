import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { test } from './support/worker-fixture.ts';

const shell = (script: string, more: object = {}) => ({ command: 'sh', args: ['-c', script], ...more });

describe('a worker', () => {
  test('runs a command and reports its exit code', async ({ master, start }) => {
    await start();
    expect(await master.run(shell('exit 0'))).toMatchObject({ outcome: 'succeeded', exitCode: 0, outputs: [] });
    expect(await master.run(shell('exit 3'))).toMatchObject({ outcome: 'failed', exitCode: 3 });
    expect(await master.run(shell('kill -9 $$'))).toMatchObject({ outcome: 'failed', signal: 'SIGKILL' });
  });

  test('passes arguments as they are, without a shell', async ({ master, start }) => {
    await start();
    const args = ['$HOME', '*', 'a b', '"', ';ls'];
    const ref = master.hand({ command: 'echo', args });
    await once(master, 'result');
    expect(master.text('stdout', ref)).toBe(`${args.join(' ')}\n`);
  });

  test('refuses a command that --allow does not name', async ({ master, start }) => {
    await start({ allow: ['echo'] });
    for (const command of ['sh', '/bin/echo', '../echo']) {
      const result = await master.run({ command, args: ['-c', 'echo ran'] });
      expect(result).toMatchObject({ outcome: 'refused' });
      expect(result.reason).toContain(command);
      expect(result.reason).toContain('--allow');
    }
    expect(master.logs).toEqual([]);
  });

  test('ends what takes longer than its timeout, with a grace that SIGTERM cannot extend', async ({
    master,
    start,
  }) => {
    await start();
    const result = await master.run(shell("trap '' TERM; sleep 60 & wait; sleep 60", { timeoutSeconds: 1 }));
    expect(result).toMatchObject({ outcome: 'timed_out', signal: 'SIGKILL' });
  });

  test('gives a job only the environment that was named', async ({ master, start }) => {
    await start({ env: ['FROM_WORKER=w', 'BOTH=w'] });
    const ref = master.hand({ command: 'env', env: { FROM_JOB: 'j', BOTH: 'j' } });
    await once(master, 'result');
    const names = master.text('stdout', ref).trim().split('\n').sort();
    expect(names).toEqual([
      'BOTH=w',
      'FROM_JOB=j',
      'FROM_WORKER=w',
      expect.stringMatching(/^PATH=\/usr\//),
      expect.stringMatching(/^WEIGHBRIDGE_ATTEMPT=/),
    ]);
  });

  test('brings inputs, sends back what the globs match, and leaves no directory', async ({
    master,
    start,
    workDir,
  }) => {
    await start();
    const input = master.store('some content\n'.repeat(1000));
    const result = await master.run(
      shell('gzip data.txt && mkdir sub && echo deep > sub/deep.txt && echo no > other', {
        inputs: [{ name: 'data.txt', sha256: input }],
        outputs: ['*.gz', '**/*.txt'],
      }),
    );
    expect(result.outputs?.map(({ name }) => name).sort()).toEqual(['data.txt.gz', 'deep.txt']);
    for (const { sha256, sizeBytes } of result.outputs ?? []) expect(master.blobs.get(sha256)).toHaveLength(sizeBytes);
    expect(await readdir(join(workDir, 'node-1', 'attempts'))).toEqual([]);
  });
});
