import type { Job, JobList } from '@weighbridge/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { weighbridge } from './support/cli.ts';
import { Cluster } from './support/cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.startWorker('mill');
}, 60_000);
afterAll(() => cluster?.stop());

const run = (...args: string[]) => weighbridge(args, cluster.master?.env);
const shell = (script: string, more: object = {}) =>
  cluster.client.submit({ command: 'sh', args: ['-c', script], ...more });
const waiting = async (id: string) => (await cluster.client.job(id)).waitingFor?.detail;

test('a job that waits says why: in itself, in the list, in the command line', async () => {
  const busy = await shell('sleep 60');
  await cluster.until(async () => (await cluster.client.job(busy.id)).state === 'running');
  const gpu = await shell('exit 0', { queue: 'gpu' });
  const wide = await shell('exit 0', { slots: 8 });
  const [next, behind] = [await shell('exit 0', { priority: 2 }), await shell('exit 0', { priority: 1 })];
  const [parent, child] = await cluster.client.submitAll([
    { command: 'sh', queue: 'gpu', key: 'first' },
    { command: 'sh', dependsOn: ['first'] },
  ]);
  const later = await shell('exit 0', { startAfter: '2030-01-31T08:00:00Z' });
  await expect.poll(() => waiting(next.id)).toBe('waits for a free slot');
  const expected = {
    [gpu.id]: 'no node serves queue gpu',
    [wide.id]: 'needs 8 slots, the largest node has 1',
    [next.id]: 'waits for a free slot',
    [behind.id]: '1 job ahead',
    [child?.id ?? '']: `waits for job ${parent?.id} (first)`,
    [later.id]: 'until 2030-01-31T08:00:00.000Z',
  };
  const list = JSON.parse((await run('jobs', 'list', '--json')).stdout) as JobList;
  for (const [id, detail] of Object.entries(expected)) {
    expect(await waiting(id)).toBe(detail);
    expect(list.jobs.find((job) => job.id === id)?.waitingFor?.detail).toBe(detail);
  }
  expect((await run('jobs', 'show', gpu.id)).stdout).toMatch(/^State +queued\nWaits +no node serves queue gpu\n/m);
  expect((await run('jobs', 'show', later.id)).stdout).toMatch(/^Waits +until 31 Jan 2030, \d\d:\d\d\n/m);
  await cluster.client.drainNode('mill');
  await expect.poll(() => waiting(behind.id)).toBe('node mill is draining');
  await cluster.client.resumeNode('mill');
  await run('jobs', 'cancel', '--yes', '--state', 'running', 'queued', 'scheduled', 'blocked');
});

test('submit --wait says after two seconds what it waits for, and then what came of it', async () => {
  const running = run('jobs', 'submit', '--wait', '--queue', 'later', '--', 'sh', '-c', 'echo done');
  await new Promise((resolve) => setTimeout(resolve, 4000));
  await cluster.startWorker('late', undefined, ['--queue', 'later']);
  const ended = await running;
  expect(ended).toMatchObject({ code: 0, stdout: 'done\n' });
  expect(ended.stderr).toMatch(/^Job [-0-9a-f]{36}\nWaiting: no node serves queue later\n/);
});

test('a refused job says by whom, what is allowed and what to type', async () => {
  const { stderr, code } = await run('jobs', 'submit', '--wait', '--', 'my tool', '-x');
  expect(code).toBe(1);
  const id = /job ([-0-9a-f]{36}) failed/.exec(stderr)?.[1] ?? '';
  const sentence =
    'node mill does not allow the command "my tool": it allows sh; to allow it, start its worker with --allow \'my tool\' as well';
  expect(stderr).toBe(`Job ${id}\nweighbridge: job ${id} failed (${sentence})\n`);
  const job = (await cluster.client.job(id)) as Job;
  expect(job).toMatchObject({ reason: 'refused', detail: sentence });
  expect((await run('jobs', 'show', id)).stdout).toContain(`State    failed (${sentence})\n`);
});

test('an output that no file matches fails its job, unless it is optional', async () => {
  const failed = await run('jobs', 'submit', '--wait', '--output', '*.gz', '--', 'sh', '-c', 'exit 0');
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain(
    'failed (the command succeeded, but no file matches the output "*.gz"; where that is no failure, name it with --output-optional)',
  );
  const fine = await run('jobs', 'submit', '--wait', '--output-optional', '*.gz', '--', 'sh', '-c', 'exit 0');
  expect(fine.code).toBe(0);
});
