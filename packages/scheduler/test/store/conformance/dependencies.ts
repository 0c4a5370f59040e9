import type { ClaimedAttempt, JobSubmission } from '@weighbridge/protocol';
import { describe, expect, test } from 'vitest';
import { settleBlocked } from '../../../src/store/jobs/settle-blocked.ts';
import { attemptRef, type Bench, type StoreKit, unique } from './store-kit.ts';

/** Submits jobs named by key, each with the keys of those that it depends on; gives their ids. */
async function submitGraph(
  kit: StoreKit,
  queue: string,
  graph: Record<string, string[]>,
  more: Partial<JobSubmission> = {},
): Promise<Record<string, string>> {
  const submissions = Object.entries(graph).map(([key, dependsOn]) => ({
    queue,
    command: 'echo',
    key,
    dependsOn,
    ...more,
  }));
  const submitted = await kit.store.jobs.submit(submissions);
  return Object.fromEntries(submitted.map(({ job }) => [job.key ?? '', job.id]));
}

export function describeDependencies(kit: () => StoreKit): void {
  const statesOf = async (ids: Record<string, string>) =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(ids).map(async ([key, id]) => [key, (await kit().store.jobs.find(id))?.state] as const),
      ),
    );
  const end = async ({ node, session }: Bench, attempt: ClaimedAttempt, outcome: 'succeeded' | 'failed') =>
    kit().store.attempts.complete(attemptRef(attempt), node, { session, outcome });

  describe('jobs that depend on others', () => {
    test('wait until all of them have succeeded, and say which', async () => {
      const bench = await kit().bench();
      const ids = await submitGraph(kit(), bench.queue, { join: ['left', 'right'], left: [], right: [] });
      expect(await statesOf(ids)).toEqual({ join: 'blocked', left: 'queued', right: 'queued' });
      expect(await kit().store.jobs.find(ids.join ?? '')).toMatchObject({
        key: 'join',
        dependsOn: [
          { id: ids.left, key: 'left', state: 'queued' },
          { id: ids.right, key: 'right', state: 'queued' },
        ],
      });
      const [left, right] = await bench.claim();
      if (!left || !right) throw new Error('both were to be claimed');
      await end(bench, left, 'succeeded');
      expect(await statesOf(ids)).toMatchObject({ join: 'blocked' });
      const isReady = kit().readyOf(bench.queue);
      await end(bench, right, 'succeeded');
      await isReady;
      expect(await bench.claim()).toMatchObject([{ jobId: ids.join }]);
    });

    test('wait for their own time after that', async () => {
      const bench = await kit().bench();
      const startAfter = new Date(Date.now() + 3_600_000).toISOString();
      const [first, second] = await kit().store.jobs.submit([
        { queue: bench.queue, command: 'echo', key: 'first' },
        { queue: bench.queue, command: 'echo', dependsOn: ['first'], startAfter },
      ]);
      expect(second?.job.state).toBe('blocked');
      await end(bench, await bench.claimOne(), 'succeeded');
      expect(await kit().store.jobs.find(first?.job.id ?? '')).toMatchObject({ state: 'succeeded' });
      expect(await kit().store.jobs.find(second?.job.id ?? '')).toMatchObject({ state: 'scheduled', startAfter });
    });

    test('are cancelled with one that fails, and so are those behind them', async () => {
      const bench = await kit().bench();
      const graph = { a: [], b: ['a'], c: ['b'], d: ['b', 'other'], other: [] };
      const ids = await submitGraph(kit(), bench.queue, graph);
      const [a] = await bench.claim(1);
      if (!a) throw new Error('nothing was claimed');
      const result = await end(bench, a, 'failed');
      expect(result.cancelled).toEqual([bench.queue, bench.queue, bench.queue]);
      expect(await statesOf(ids)).toEqual({
        a: 'failed',
        b: 'cancelled',
        c: 'cancelled',
        d: 'cancelled',
        other: 'queued',
      });
      for (const key of ['b', 'c', 'd']) {
        const job = await kit().store.jobs.find(ids[key] ?? '');
        expect(job).toMatchObject({ reason: `it depends on job ${ids.a}, which failed`, endedAt: expect.any(String) });
      }
      const list = await kit().store.jobs.list({ queue: bench.queue, state: 'cancelled', limit: 5 });
      expect(list.jobs[0]?.reason).toContain('which failed');
    });

    test('wait on while one is tried again', async () => {
      const bench = await kit().bench();
      const ids = await submitGraph(kit(), bench.queue, { a: [], b: ['a'] }, { retryLimit: 1 });
      await end(bench, await bench.claimOne(), 'failed');
      expect(await statesOf(ids)).toEqual({ a: 'queued', b: 'blocked' });
      await end(bench, await bench.claimOne(), 'succeeded');
      expect(await statesOf(ids)).toEqual({ a: 'succeeded', b: 'queued' });
    });

    test('are cancelled with one that is cancelled, at once or when its attempt has ended', async () => {
      const bench = await kit().bench();
      const waiting = await submitGraph(kit(), bench.queue, { a: [], b: ['a'] });
      expect(await kit().store.jobs.cancel(waiting.a ?? '')).toEqual({
        queue: bench.queue,
        state: 'cancelled',
        cancelled: [bench.queue],
      });
      expect(await kit().store.jobs.find(waiting.b ?? '')).toMatchObject({
        state: 'cancelled',
        reason: `it depends on job ${waiting.a}, which was cancelled`,
      });
      const running = await submitGraph(kit(), bench.queue, { a: [], b: ['a'] });
      const attempt = await bench.claimOne();
      expect(await kit().store.jobs.cancel(running.a ?? '')).toMatchObject({ state: 'cancelling', cancelled: [] });
      expect(await statesOf(running)).toEqual({ a: 'cancelling', b: 'blocked' });
      // It may have succeeded before its worker heard of it.
      await end(bench, attempt, 'succeeded');
      expect(await statesOf(running)).toEqual({ a: 'cancelled', b: 'cancelled' });
    });

    test('are cancelled with one whose lease expires', async () => {
      const bench = await kit().bench();
      const ids = await submitGraph(kit(), bench.queue, { a: [], b: ['a'] }, { lostRetryLimit: 0 });
      const ref = attemptRef(await bench.claimOne());
      const expiry = kit().expiryOf(ref.jobId);
      await kit().expireLease(ref);
      await kit().store.supervise();
      expect(await expiry).toMatchObject({ outcome: 'lost', state: 'failed', cancelled: [bench.queue] });
      expect(await statesOf(ids)).toEqual({ a: 'failed', b: 'cancelled' });
    });

    test('are settled by the supervision where parents that ended at once overlooked them', async () => {
      const bench = await kit().bench();
      const ids = await submitGraph(kit(), bench.queue, { a: [], b: ['a'], x: [], y: ['x'] });
      // As two statements leave it of which neither saw the other's end.
      const set = (key: string, state: string) =>
        kit().query('UPDATE weighbridge.jobs SET state = $2, ended_at = now() WHERE id = $1', [ids[key], state]);
      await set('a', 'succeeded');
      await set('x', 'failed');
      await settleBlocked(kit().database);
      expect(await statesOf(ids)).toEqual({ a: 'succeeded', b: 'queued', x: 'failed', y: 'cancelled' });
    });

    test('find parents that an earlier submission had made under the same idempotency key', async () => {
      const bench = await kit().bench();
      const parent = { queue: bench.queue, command: 'echo', key: 'a', idempotencyKey: unique('key') };
      const [first] = await kit().store.jobs.submit([parent]);
      const [again, child] = await kit().store.jobs.submit([
        parent,
        { queue: bench.queue, command: 'echo', dependsOn: ['a'] },
      ]);
      expect(again).toMatchObject({ created: false, job: { id: first?.job.id } });
      expect(child?.job).toMatchObject({ state: 'blocked', dependsOn: [{ id: first?.job.id }] });
      await end(bench, await bench.claimOne(), 'succeeded');
      expect(await bench.claim()).toMatchObject([{ jobId: child?.job.id }]);
    });

    test('of which many end at once are all released', async () => {
      const bench = await kit().bench({ slots: 100 });
      const parents = Array.from({ length: 40 }, (_, n) => `parent-${n}`);
      const children = Array.from({ length: 20 }, (_, n) => `child-${n}`);
      const graph = {
        ...Object.fromEntries(parents.map((key) => [key, []])),
        ...Object.fromEntries(children.map((key) => [key, parents])),
      };
      const ids = await submitGraph(kit(), bench.queue, graph as Record<string, string[]>);
      await Promise.all((await bench.claim()).map((attempt) => end(bench, attempt, 'succeeded')));
      await settleBlocked(kit().database);
      const states = await statesOf(ids);
      expect(children.map((key) => states[key])).toEqual(children.map(() => 'queued'));
    });
  });
}
