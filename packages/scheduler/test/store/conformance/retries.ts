import { describe, expect, test } from 'vitest';
import { attemptRef, type StoreKit } from './store-kit.ts';

export function describeRetries(kit: () => StoreKit): void {
  describe('jobs that are tried again', () => {
    test('run again with all their retries, and keep their earlier attempts', async () => {
      const { store } = kit();
      const { submit, claimOne, node, session, queue } = await kit().bench();
      const { id } = await submit({ retryLimit: 1 });
      const fail = async () => {
        const ref = attemptRef(await claimOne());
        return store.attempts.complete(ref, node, { session, outcome: 'failed', exitCode: 3, reason: 'no luck' });
      };
      await fail();
      expect(await fail()).toMatchObject({ state: 'failed' });
      const isReady = kit().readyOf(queue);
      expect(await store.jobs.retry(id)).toBe('queued');
      await isReady;
      const again = await store.jobs.find(id);
      expect(again).toMatchObject({ state: 'queued', attempts: [{ number: 1 }, { number: 2 }] });
      for (const gone of ['endedAt', 'startedAt', 'exitCode', 'reason']) expect(again).not.toHaveProperty(gone);
      expect(await fail()).toMatchObject({ state: 'queued' });
      expect(await fail()).toMatchObject({ state: 'failed' });
      expect(await store.jobs.find(id)).toMatchObject({
        state: 'failed',
        exitCode: 3,
        attempts: [{}, {}, {}, { number: 4 }],
      });
    });

    test('are those that failed, timed out or were cancelled, and no others', async () => {
      const { store } = kit();
      const { submit, claimOne, node, session } = await kit().bench();
      const { id } = await submit();
      expect(await store.jobs.retry(id)).toBeUndefined();
      const ref = attemptRef(await claimOne());
      expect(await store.jobs.retry(id)).toBeUndefined();
      await store.attempts.complete(ref, node, { session, outcome: 'timed_out' });
      expect(await store.jobs.retry(id)).toBe('queued');
      await store.jobs.cancel(id);
      expect(await store.jobs.find(id)).not.toHaveProperty('reason');
      expect(await store.jobs.retry(id)).toBe('queued');
      await store.attempts.complete(attemptRef(await claimOne()), node, { session, outcome: 'succeeded' });
      expect(await store.jobs.retry(id)).toBeUndefined();
      expect(await store.jobs.retry('11111111-1111-4111-8111-111111111111')).toBeUndefined();
    });

    test('take those with them that they had cancelled, which wait again', async () => {
      const { store } = kit();
      const bench = await kit().bench();
      const submitted = await store.jobs.submit(
        Object.entries({ a: [], b: ['a'], c: ['b'] }).map(([key, dependsOn]) => ({
          queue: bench.queue,
          command: 'echo',
          key,
          dependsOn,
        })),
      );
      const [a = '', b = '', c = ''] = submitted.map(({ job }) => job.id);
      const { node, session } = bench;
      await store.attempts.complete(attemptRef(await bench.claimOne()), node, { session, outcome: 'failed' });
      // It would wait for a job that has failed.
      expect(await store.jobs.retry(b)).toBeUndefined();
      expect(await store.jobs.retry(a)).toBe('queued');
      for (const id of [b, c]) {
        const job = await store.jobs.find(id);
        expect(job?.state).toBe('blocked');
        expect(job).not.toHaveProperty('reason');
      }
      for (const id of [a, b, c]) {
        const attempt = await bench.claimOne();
        expect(attempt.jobId).toBe(id);
        await store.attempts.complete(attemptRef(attempt), node, { session, outcome: 'succeeded' });
      }
    });

    test('wait for their time where that is still to come', async () => {
      const { store } = kit();
      const { submit } = await kit().bench();
      const startAfter = new Date(Date.now() + 3_600_000).toISOString();
      const { id } = await submit({ startAfter });
      await store.jobs.cancel(id);
      expect(await store.jobs.retry(id)).toBe('scheduled');
      expect(await store.jobs.find(id)).toMatchObject({ state: 'scheduled', startAfter });
    });
  });
}
