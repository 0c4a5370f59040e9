import type { Job } from '@weighbridge/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from './support/cluster.ts';

const slotsByNode: Record<string, number> = { large: 4, small: 2 };
let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
  for (const [name, slots] of Object.entries(slotsByNode))
    await cluster.startWorker(name, undefined, ['--slots', String(slots)]);
}, 60_000);
afterAll(() => cluster?.stop());

const sleep = (seconds: number, more: { slots?: number; priority?: number; timeoutSeconds?: number } = {}) => ({
  command: 'sh',
  args: ['-c', `sleep ${seconds}`],
  ...more,
});

async function untilAllEnded(ids: readonly string[]): Promise<Job[]> {
  for (const id of ids) await cluster.untilEnded(id);
  return Promise.all(ids.map((id) => cluster.client.job(id)));
}

const startMs = (job: Job | undefined) => Date.parse(job?.startedAt ?? '');

/** The most slots of each node that attempts had at a moment. */
function findMostUsed(jobs: readonly Job[]): Record<string, number> {
  const attempts = jobs.flatMap((job) =>
    job.attempts.map(({ node, startedAt, endedAt = '' }) => ({
      node,
      slots: job.slots,
      from: Date.parse(startedAt),
      to: Date.parse(endedAt),
    })),
  );
  const most: Record<string, number> = {};
  for (const { node, from } of attempts) {
    const at = attempts.filter((one) => one.node === node && one.from <= from && from < one.to);
    const used = at.reduce((sum, { slots }) => sum + slots, 0);
    most[node] = Math.max(most[node] ?? 0, used);
  }
  return most;
}

test('150 small jobs do not go before a wide one of the highest priority', async () => {
  const small = await cluster.client.submitAll(Array.from({ length: 150 }, (_, n) => sleep(0.2 + (n % 5) / 10)));
  await cluster.until(async () => (await cluster.client.jobs({ state: 'running' })).jobs.length >= 5);
  const wide = await cluster.client.submit(sleep(0.5, { slots: 4, priority: 1000 }));
  const [last, ...others] = (await untilAllEnded([wide.id, ...small.map(({ id }) => id)])) as [Job, ...Job[]];
  expect(last.state).toBe('succeeded');
  const wideNode = last.attempts[0]?.node;
  expect(wideNode).toBe('large');
  // What its node began after it had come: only what a claim brought that was under way.
  const passed = others.filter(
    (job) =>
      job.attempts[0]?.node === wideNode &&
      startMs(job) > Date.parse(last.createdAt) + 100 &&
      startMs(job) < startMs(last),
  );
  expect(passed).toEqual([]);
  // It began as soon as the slowest of those four had ended; the other node had gone on.
  expect(startMs(last) - Date.parse(last.createdAt)).toBeLessThan(6000);
  const used = findMostUsed([last, ...others]);
  expect(used).toEqual(slotsByNode);
});

test('a mix of sizes and priorities all runs, wide ones are not starved, and no node runs more than its slots', async () => {
  // Wide ones first in rank, among small ones that come after them without end.
  const mixed = Array.from({ length: 40 }, (_, n) =>
    sleep(0.1 + (n % 4) / 10, { slots: 1 + (n % 4), priority: n % 3, timeoutSeconds: 60 + n }),
  );
  const first = await cluster.client.submitAll(mixed);
  const later = await cluster.client.submitAll(Array.from({ length: 80 }, () => sleep(0.1, { priority: -1 })));
  const jobs = await untilAllEnded([...first, ...later].map(({ id }) => id));
  expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(['succeeded']));
  for (const [node, slots] of Object.entries(findMostUsed(jobs)))
    expect(slots).toBeLessThanOrEqual(slotsByNode[node] ?? 0);
  const lastOfMixed = Math.max(...jobs.slice(0, first.length).map(startMs));
  const lastOfLater = Math.max(...jobs.slice(first.length).map(startMs));
  expect(lastOfMixed).toBeLessThan(lastOfLater);
});
