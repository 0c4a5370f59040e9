import { describe, expect, test } from 'vitest';
import { endExpiredAttempts } from '../../../src/store/attempts/expire-attempts.ts';
import { deleteOld } from '../../../src/store/supervision/delete-old.ts';
import { takeOverview } from '../../../src/store/supervision/overview.ts';
import { promoteJobs } from '../../../src/store/supervision/promote-jobs.ts';
import { attemptRef, bytes, type StoreKit } from './store-kit.ts';

export function describeSupervision(kit: () => StoreKit): void {
  describe('supervision', () => {
    test('an expired lease without retries left fails the job as lost, and its late result is stale', async () => {
      const { store } = kit();
      const { queue, node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ lostRetryLimit: 0 });
      const attempt = await claimOne();
      const found = kit().expiryOf(id);
      await kit().expireLease(attempt);
      await store.supervise();
      expect(await found).toMatchObject({ jobId: id, attempt: 1, node, queue, outcome: 'lost', state: 'failed' });
      expect(await store.jobs.find(id)).toMatchObject({
        state: 'failed',
        reason: 'lost',
        attempts: [{ outcome: 'lost', reason: expect.stringContaining('expired without a heartbeat') }],
      });
      await expect(
        store.attempts.complete(attemptRef(attempt), node, { session, outcome: 'succeeded', exitCode: 0 }),
      ).rejects.toMatchObject({ code: 'stale-attempt' });
      await expect(
        store.logs.append({ ...attemptRef(attempt), stream: 'stdout', offset: 0, bytes: bytes('late') }),
      ).rejects.toMatchObject({ code: 'stale-attempt' });
      expect(await store.nodes.heartbeat(node, session, [attemptRef(attempt)])).toEqual({ end: [attemptRef(attempt)] });
    });

    test('an expired lease uses up no retry and wakes a claim', async () => {
      const { store } = kit();
      const { queue, node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 0 });
      const attempt = await claimOne();
      const found = kit().expiryOf(id);
      const woken = kit().readyOf(queue);
      await kit().expireLease(attempt);
      await store.supervise();
      expect((await found).state).toBe('queued');
      await woken;
      const again = await claimOne();
      expect(again).toMatchObject({ jobId: id, attempt: 2 });
      // The first worker comes back to life: its attempt is not the current one.
      await expect(
        store.attempts.complete(attemptRef(attempt), node, { session, outcome: 'succeeded' }),
      ).rejects.toMatchObject({
        code: 'stale-attempt',
      });
      expect((await store.attempts.complete(attemptRef(again), node, { session, outcome: 'succeeded' })).state).toBe(
        'succeeded',
      );
    });

    test('a lease that expired while nobody could answer lasts its whole length from then on', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit({ leaseSeconds: 86_400, timeoutSeconds: 1 });
      const { attempt } = await claimOne();
      // The kit's store has answered for some seconds only.
      const sql = `UPDATE weighbridge.attempts SET lease_until = now() - interval '9 h', overdue_at = now() - interval '9 h'
        WHERE job_id = $1 AND number = $2`;
      await kit().query(sql, [id, attempt]);
      expect((await store.supervise()).map(({ jobId }) => jobId)).not.toContain(id);
      expect(await store.jobs.find(id)).toMatchObject({ state: 'running', leaseSeconds: 86_400 });
      const found = kit().expiryOf(id);
      await kit().ageJob(id, 0);
      await store.supervise();
      expect(await found).toMatchObject({ outcome: 'timed_out' });
    });

    test('a statement that comes to the server late ends nothing: that was an outage too', async () => {
      const { database } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const { attempt } = await claimOne();
      const past =
        'UPDATE weighbridge.attempts SET lease_until = now() - $3::interval WHERE job_id = $1 AND number = $2';
      await kit().query(past, [id, attempt, '1 min']);
      const run = async (lateMs: number) => {
        const moment = new Date(Date.now() - lateMs).toISOString();
        const rows = await database.run(endExpiredAttempts, { limit: 500, answeringSeconds: 1000, moment });
        return rows.filter(({ jobId }) => jobId === id).map(({ outcome }) => outcome);
      };
      expect(await run(6000)).toEqual([]);
      expect(await run(0)).toEqual(['lost']);
    });

    test('an attempt that outlives its timeout is ended by the queue', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit({ timeoutSeconds: 60 });
      await claimOne();
      await kit().ageJob(id, 119);
      expect((await store.supervise()).map(({ jobId }) => jobId)).not.toContain(id);
      const found = kit().expiryOf(id);
      await kit().ageJob(id, 2);
      await store.supervise();
      expect(await found).toMatchObject({ outcome: 'timed_out', state: 'timed_out' });
      expect(await store.jobs.find(id)).toMatchObject({ state: 'timed_out', attempts: [{ outcome: 'timed_out' }] });
    });

    test('lost attempts are counted apart', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 1, lostRetryLimit: 2 });
      const lose = async () => {
        await kit().expireLease(await claimOne());
        await store.supervise();
        return (await store.jobs.find(id))?.state;
      };
      expect(await lose()).toBe('queued');
      const failed = { session, outcome: 'failed' } as const;
      expect((await store.attempts.complete(attemptRef(await claimOne()), node, failed)).state).toBe('queued');
      expect(await lose()).toBe('queued');
      expect(await lose()).toBe('failed');
    });

    test('a retry with backoff waits twice as long each time', async () => {
      const { store } = kit();
      const { queue, node, session, submit, claim, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 2, retryBackoff: 60 });
      const failed = { session, outcome: 'failed' } as const;
      const fail = async () => (await store.attempts.complete(attemptRef(await claimOne()), node, failed)).state;
      const sql = 'SELECT extract(epoch FROM run_at - now())::float8 AS seconds FROM weighbridge.jobs WHERE id = $1';
      for (const seconds of [60, 120]) {
        expect(await fail()).toBe('scheduled');
        expect(await claim()).toEqual([]);
        const [row] = await kit().query(sql, [id]);
        expect(row?.seconds).toBeGreaterThan(seconds - 5);
        expect(row?.seconds).toBeLessThanOrEqual(seconds);
        await kit().ageJob(id, seconds + 1);
        const woken = kit().readyOf(queue);
        await promoteJobs(kit().database);
        await woken;
      }
      expect(await fail()).toBe('failed');
    });

    test('a submission wakes a claim, and a deferred job does when it is due', async () => {
      const { queue, submit, claim } = await kit().bench();
      const woken = kit().readyOf(queue);
      await submit();
      await woken;
      await claim();
      const due = kit().readyOf(queue);
      const job = await submit({ startAfter: new Date(Date.now() + 300).toISOString() });
      expect(job.state).toBe('scheduled');
      expect(await claim()).toEqual([]);
      await due;
      expect((await claim()).map((attempt) => attempt.jobId)).toEqual([job.id]);
    });

    test('what ended long ago goes with all that belongs to it, and a job that waits stays', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const day = 86_400;
      const end = async (sha256: string) => {
        const { id } = await submit({ files: { inputs: [{ name: 'a', sha256 }] } });
        const ref = attemptRef(await claimOne());
        await store.logs.append({ ...ref, stream: 'stdout', offset: 0, bytes: bytes('x') });
        await store.attempts.complete(ref, node, { session, outcome: 'succeeded' });
        return id;
      };
      const kept = await end('5'.repeat(64));
      const gone = await end('4'.repeat(64));
      const waiting = await submit();
      await kit().ageJob(kept, 29 * day);
      await kit().ageJob(gone, 31 * day);
      await kit().ageJob(waiting.id, 400 * day);
      await kit().ageNode(node, 8 * day);
      await deleteOld(kit().database, 30 * 86_400);
      for (const table of ['attempts', 'log_chunks', 'blob_uses']) {
        const sql = `SELECT job_id FROM weighbridge.${table} WHERE job_id = ANY($1)`;
        expect(await kit().query(sql, [[kept, gone]]), table).toEqual([{ job_id: kept }]);
      }
      expect(await store.jobs.find(gone)).toBeUndefined();
      expect(await store.jobs.find(waiting.id)).toMatchObject({ state: 'queued' });
      expect(await store.nodes.find(node)).toBeUndefined();
    });

    test('the overview has every queue with every live state', async () => {
      const { store } = kit();
      const { queue, submit, claimOne } = await kit().bench();
      await submit();
      await claimOne();
      await submit();
      await submit({ startAfter: new Date(Date.now() + 3_600_000).toISOString() });
      const { jobs, oldestReadyAgeSeconds } = await takeOverview(kit().database, [queue]);
      expect(jobs).toEqual([
        { queue, state: 'scheduled', count: 1 },
        { queue, state: 'blocked', count: 0 },
        { queue, state: 'queued', count: 1 },
        { queue, state: 'running', count: 1 },
        { queue, state: 'cancelling', count: 0 },
      ]);
      expect(oldestReadyAgeSeconds.find((row) => row.queue === queue)?.seconds).toBeGreaterThanOrEqual(0);
      const shown = () => store.overview().jobs.filter((row) => row.queue === queue);
      await expect.poll(shown, { timeout: 30_000 }).toHaveLength(5);
    });

    test('ping answers', async () => {
      const { store } = kit();
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });
}
