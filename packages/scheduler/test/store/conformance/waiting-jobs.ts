import { describe, expect, test } from 'vitest';
import { attemptRef, type StoreKit } from './store-kit.ts';

export function describeWaitingJobs(kit: () => StoreKit): void {
  describe('jobs that have not begun', () => {
    test('are known by how many stand before them in their queue', async () => {
      const { store } = kit();
      const { submit, claim } = await kit().bench();
      const [low, high, later, wide] = [
        await submit(),
        await submit({ priority: 5 }),
        await submit(),
        await submit({ slots: 3, priority: 1 }),
      ];
      const ids = [low, high, later, wide].map(({ id }) => id);
      const ahead = async () => {
        const found = await store.jobs.findWaiting(ids);
        return ids.map((id) => found.get(id)?.ahead);
      };
      expect(await ahead()).toEqual([2, 0, 3, 1]);
      await claim(1);
      expect(await ahead()).toEqual([1, undefined, 2, 0]);
    });

    test('are known by their time, and by the jobs on which they depend that have not ended', async () => {
      const { store } = kit();
      const { queue, node, session, submit, claimOne } = await kit().bench({ slots: 1 });
      const startAfter = new Date(Date.now() + 3_600_000).toISOString();
      const { id } = await submit({ startAfter });
      expect(await store.jobs.findWaiting([id])).toEqual(
        new Map([[id, { runAt: startAfter, ahead: expect.any(Number), parents: [], parentCount: 0 }]]),
      );
      const keys = ['a', 'b', 'c', 'd', 'e'];
      const submitted = await store.jobs.submit([
        ...keys.map((key) => ({ queue, command: 'echo', key })),
        { queue, command: 'echo', dependsOn: keys },
      ]);
      const [, b, c, d, , child] = submitted.map(({ job }) => job.id);
      await store.attempts.complete(attemptRef(await claimOne()), node, { session, outcome: 'succeeded' });
      const found = (await store.jobs.findWaiting([child ?? ''])).get(child ?? '');
      expect(found).toMatchObject({
        parents: [
          { id: b, key: 'b', state: 'queued' },
          { id: c, key: 'c' },
          { id: d, key: 'd' },
        ],
        parentCount: 4,
      });
    });

    test('are no longer known when they run or have ended', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit();
      await claimOne();
      expect(await store.jobs.findWaiting([id, '11111111-1111-4111-8111-111111111111'])).toEqual(new Map());
      expect(await store.jobs.findWaiting([])).toEqual(new Map());
    });
  });
}
