import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, NodeDetail } from '@weighbridge/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { weighbridge } from './support/cli.ts';
import { Cluster } from './support/cluster.ts';

let cluster: Cluster;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weighbridge-control-'));
  cluster = await Cluster.start();
  await cluster.startWorker('mill');
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: string[]) => weighbridge(args, cluster.master?.env);
const shell = (script: string, queue = 'default') =>
  cluster.client.submit({ command: 'sh', args: ['-c', script], queue });
const untilState = (id: string, state: Job['state']) =>
  cluster.until(async () => (await cluster.client.job(id)).state === state);

describe('jobs cancel', () => {
  test('ends what runs with SIGTERM, and after a grace with SIGKILL, children too', async () => {
    const journal = join(folder, 'stubborn');
    const { id } = await shell(
      `echo begun > ${journal}; trap 'echo asked >> ${journal}' TERM; (trap '' TERM; sleep 60) & while :; do wait; sleep 0.1; done`,
    );
    await cluster.until(async () => (await readFile(journal, 'utf8').catch(() => '')) === 'begun\n');
    const answer = await run('jobs', 'cancel', id);
    expect(answer).toMatchObject({ code: 0, stdout: `${id}  cancelling\n` });
    await untilState(id, 'cancelled');
    expect(await readFile(journal, 'utf8')).toMatch(/^begun\n(asked\n)+$/);
    expect(await cluster.client.job(id)).toMatchObject({ signal: 'SIGKILL', attempts: [{ outcome: 'cancelled' }] });
  });

  test('names what it can not cancel, and cancels the others', async () => {
    const done = await shell('exit 0');
    await untilState(done.id, 'succeeded');
    const waiting = await shell('exit 0', 'nobody-serves-this');
    const missing = '00000000-0000-4000-8000-000000000000';
    const answer = await run('jobs', 'cancel', '--yes', done.id, waiting.id, missing);
    expect(answer).toEqual({
      code: 1,
      signal: null,
      stdout: `${waiting.id}  cancelled\n`,
      stderr: `weighbridge: job ${done.id} has succeeded, so it can't be cancelled; there is no job ${missing}\n`,
    });
  });

  test('takes all jobs of a queue or a state, once it is allowed to', async () => {
    const queue = 'many';
    for (let n = 0; n < 12; n++) await shell('exit 0', queue);
    const unasked = await run('jobs', 'cancel', '--queue', queue);
    expect([unasked.code, unasked.stderr]).toEqual([
      2,
      'weighbridge: Cancel 12 jobs? Nobody can be asked here: say so with --yes\n',
    ]);
    expect(await run('jobs', 'cancel', '--queue', queue, '--state', 'running', '--yes')).toMatchObject({
      code: 0,
      stdout: 'No such job.\n',
    });
    expect(await run('jobs', 'cancel', '--queue', queue, '--yes')).toMatchObject({
      code: 0,
      stdout: '12 jobs: 12 cancelled\n',
    });
    const json = await run('jobs', 'cancel', '--queue', queue, '--json');
    expect(JSON.parse(json.stdout)).toEqual({ jobs: [], failed: 0 });
  });

  test('wants ids or a filter, and not both', async () => {
    for (const args of [[], ['some', '--queue', 'many']]) {
      const { code, stderr } = await run('jobs', 'cancel', ...args);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/^weighbridge: name jobs by their ids, or by --state or --queue/),
      ]);
    }
  });
});

describe('jobs retry', () => {
  test('tries again what has failed', async () => {
    const flag = join(folder, 'works-now');
    const { id } = await shell(`test -e ${flag}`);
    await untilState(id, 'failed');
    await run('jobs', 'submit', '--wait', '--', 'sh', '-c', `touch ${flag}`);
    expect(await run('jobs', 'retry', '--state', 'failed', '--yes')).toMatchObject({
      code: 0,
      stdout: '1 job: 1 queued\n',
    });
    await untilState(id, 'succeeded');
    const shown = await run('jobs', 'show', id);
    expect(shown.stdout).toMatch(
      /ATTEMPT +NODE +OUTCOME +EXIT +STARTED +TOOK +IN +OUT +REASON\n1 +mill +failed +code 1 .* B/,
    );
    expect(shown.stdout).toMatch(/\n2 +mill +succeeded +code 0 /);
    const again = await run('jobs', 'retry', id);
    expect([again.code, again.stderr]).toEqual([
      1,
      `weighbridge: job ${id} has succeeded; submit it again to run it once more\n`,
    ]);
  });
});

describe('jobs that depend on each other', () => {
  const pipeline = async (first: string) => {
    const file = join(folder, 'pipeline.json');
    const jobs = [
      { command: 'sh', args: ['-c', first], key: 'make' },
      { command: 'sh', args: ['-c', 'exit 0'], key: 'ship', dependsOn: ['make'] },
    ];
    await writeFile(file, JSON.stringify(jobs));
    return file;
  };

  test('run in their order', async () => {
    const ended = await run('jobs', 'submit', '--wait', '--from', await pipeline('exit 0'));
    expect(ended).toMatchObject({ code: 0, stdout: 'make  succeeded\nship  succeeded\n' });
    const [ship, make] = (await cluster.client.jobs({ limit: 2 })).jobs;
    expect(Date.parse(ship?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(make?.endedAt ?? ''));
  });

  test('end with the one that fails, and say why', async () => {
    const ended = await run('jobs', 'submit', '--wait', '--from', await pipeline('exit 3'));
    const [, make] = (await cluster.client.jobs({ limit: 2 })).jobs;
    expect(ended).toMatchObject({
      code: 1,
      stdout: `make  failed (exit code 3)\nship  cancelled (it depends on job ${make?.id}, which failed)\n`,
      stderr: 'weighbridge: 2 of 2 jobs did not succeed\n',
    });
    expect((await run('jobs', 'show', 'last')).stdout).toContain(`Depends on  make = ${make?.id} (failed)\n`);
  });

  test('are refused as a whole where they can not run', async () => {
    const file = join(folder, 'broken.json');
    await writeFile(file, JSON.stringify([{ command: 'sh', dependsOn: ['nobody'] }]));
    expect((await run('jobs', 'submit', '--from', file)).stderr).toContain(
      'must be the key of a job of the same submission, got "nobody"',
    );
    await writeFile(file, '{}');
    expect(await run('jobs', 'submit', '--from', file)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('it must be a JSON array'),
    });
    expect((await run('jobs', 'submit')).code).toBe(2);
  });
});

describe('nodes drain', () => {
  test('waits for what runs, gives nothing more, and is taken back', async () => {
    const { id } = await shell('sleep 2');
    await untilState(id, 'running');
    expect((await run('nodes', 'show', 'mill')).stdout).toMatch(
      new RegExp(`Slots +1 of 1 in use\n[^]*\n${id} +default +1 `),
    );
    const drained = await run('nodes', 'drain', 'mill', '--wait');
    expect(drained).toMatchObject({ code: 0, stdout: 'Node mill is given no further jobs; it runs nothing.\n' });
    expect((await cluster.client.job(id)).state).toBe('succeeded');
    const next = await shell('exit 0');
    const node = JSON.parse((await run('nodes', 'show', 'mill', '--json')).stdout) as NodeDetail;
    expect(node).toMatchObject({ state: 'draining', jobs: [], jobCount: 0 });
    expect((await cluster.client.job(next.id)).state).toBe('queued');
    expect((await run('nodes', 'resume', 'mill')).stdout).toBe('Node mill is given jobs again; it is ready.\n');
    await untilState(next.id, 'succeeded');
    expect(await run('nodes', 'drain', 'nobody')).toMatchObject({
      code: 1,
      stderr: 'weighbridge: there is no node nobody\n',
    });
  });
});
