import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { readJournal } from '../support/journal.ts';
import { alive, commandOf, freeze, gone, treeOf } from '../support/processes.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.start();
});
afterEach(() => cluster.stop());

const guardOf = (pid: number) => {
  const guard = treeOf(pid).find((member) => /worker\/guard\.js/.test(commandOf(member)));
  if (guard === undefined) throw new Error('the worker has no guard');
  return guard;
};

const attemptsOf = async (id: string) => (await cluster.tell(id)).attempts;

test('a worker killed with -9 has its job run elsewhere within 3 s, and never twice at once', async () => {
  const { child } = await cluster.startWorker('one');
  const id = await cluster.runJob(3, 600);
  await cluster.startWorker('two');
  child.kill('SIGKILL');
  const killedMs = Date.now();
  const story = await cluster.untilEnded(id);
  expect(story).toMatchObject({
    state: 'succeeded',
    attempts: [
      ['one', 'lost'],
      ['two', 'succeeded'],
    ],
    journal: [{ hasEnded: false }, { hasEnded: true }],
    overlapMs: 0,
  });
  expect((story.journal[1]?.firstMs ?? 0) - killedMs).toBeLessThan(3000);
});

test('a guard killed with -9 costs an attempt, and never runs two at once', async () => {
  const { child } = await cluster.startWorker('one');
  const id = await cluster.runJob(3, 600);
  process.kill(guardOf(child.pid ?? 0), 'SIGKILL');
  expect(await cluster.untilEnded(id)).toMatchObject({
    state: 'succeeded',
    attempts: [
      ['one', 'released'],
      ['one', 'succeeded'],
    ],
    overlapMs: 0,
  });
});

test('worker and guard both killed with -9 may run a job twice, until the worker is started again', async () => {
  const { child } = await cluster.startWorker('one');
  const id = await cluster.runJob(60, 10);
  await cluster.startWorker('two');
  const tree = treeOf(child.pid ?? 0);
  // The job's own shell alone: what it forks for a moment is called the same.
  const job = tree.filter((pid) => commandOf(pid).startsWith('sh -c')).slice(0, 1);
  expect(job.length).toBeGreaterThan(0);
  const guard = guardOf(child.pid ?? 0);
  // Stopped first, so that it can't start another guard.
  await freeze(child.pid ?? 0);
  process.kill(guard, 'SIGKILL');
  child.kill('SIGKILL');
  await cluster.until(async () => (await readJournal(cluster.journalPath)).length === 2);
  // The documented exception.
  expect(job.filter(alive)).toEqual(job);
  await cluster.startWorker('one');
  await gone(job, 1000);
  expect(await attemptsOf(id)).toEqual([
    ['one', 'lost'],
    ['two', undefined],
  ]);
});
