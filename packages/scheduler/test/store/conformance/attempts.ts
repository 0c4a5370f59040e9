import { randomUUID } from 'node:crypto';
import type { AttemptRef, Bytes } from '@weighbridge/protocol';
import { describe, expect, test } from 'vitest';
import type { ClaimSize, TrafficBatch } from '../../../src/store/index.ts';
import { attemptRef, type StoreKit, unique } from './store-kit.ts';

export function describeAttempts(kit: () => StoreKit): void {
  describe('attempts', () => {
    test('a claimed job runs, and succeeds with what its attempt sent back', async () => {
      const { store } = kit();
      const { queue, node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ files: { outputs: ['*.gz'] } });
      const attempt = await claimOne();
      expect(attempt).toEqual({
        jobId: id,
        attempt: 1,
        queue,
        command: 'echo',
        args: ['hello'],
        env: {},
        inputs: [],
        outputs: ['*.gz'],
        optionalOutputs: [],
        slots: 1,
        timeoutSeconds: 3600,
        leaseSeconds: 120,
        heartbeatSeconds: 5,
      });
      expect(await store.jobs.find(id)).toMatchObject({ state: 'running', attempts: [{ number: 1, node }] });

      const outputs = [{ name: 'a.gz', sha256: 'a'.repeat(64), sizeBytes: 7 }];
      const end = await store.attempts.complete(attemptRef(attempt), node, {
        session,
        outcome: 'succeeded',
        exitCode: 0,
        outputs,
      });
      expect(end).toMatchObject({ queue, state: 'succeeded' });
      expect(await store.jobs.find(id)).toMatchObject({
        state: 'succeeded',
        exitCode: 0,
        outputs,
        attempts: [{ number: 1, outcome: 'succeeded', exitCode: 0 }],
      });
      expect(await store.jobs.findOutput(id, 'a.gz')).toEqual(outputs[0]);
      expect(await store.jobs.findOutput(id, 'b.gz')).toBeUndefined();
    });

    test('a second result for the same attempt is stale and changes nothing', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      await store.attempts.complete(ref, node, { session, outcome: 'succeeded', exitCode: 0 });
      await expect(
        store.attempts.complete(ref, node, { session, outcome: 'failed', exitCode: 1 }),
      ).rejects.toMatchObject({
        code: 'stale-attempt',
      });
      expect((await store.jobs.find(id))?.state).toBe('succeeded');
    });

    test('a failed attempt is tried again until its retries are used up', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 1 });
      const failed = { session, outcome: 'failed', exitCode: 3 } as const;
      const first = await store.attempts.complete(attemptRef(await claimOne()), node, failed);
      expect(first.state).toBe('queued');
      const again = await claimOne();
      expect(again).toMatchObject({ jobId: id, attempt: 2 });
      expect((await store.attempts.complete(attemptRef(again), node, failed)).state).toBe('failed');
      expect(await store.jobs.find(id)).toMatchObject({
        state: 'failed',
        exitCode: 3,
        attempts: [{ outcome: 'failed' }, { outcome: 'failed' }],
      });
    });

    test('a job that timed out says so, also when listed by state', async () => {
      const { store } = kit();
      const { queue, node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const end = await store.attempts.complete(attemptRef(await claimOne()), node, {
        session,
        outcome: 'timed_out',
        signal: 'SIGKILL',
        reason: 'it ran for 1 s',
      });
      expect(end.state).toBe('timed_out');
      expect(await store.jobs.find(id)).toMatchObject({
        state: 'timed_out',
        signal: 'SIGKILL',
        reason: 'it ran for 1 s',
      });
      expect((await store.jobs.list({ queue, state: 'timed_out', limit: 5 })).jobs.map((job) => job.id)).toEqual([id]);
      expect((await store.jobs.list({ queue, state: 'failed', limit: 5 })).jobs).toEqual([]);
    });

    test('a refused job fails without a retry', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 5 });
      const reason = 'this worker does not allow rm';
      const end = await store.attempts.complete(attemptRef(await claimOne()), node, {
        session,
        outcome: 'refused',
        reason,
      });
      expect(end.state).toBe('failed');
      expect(await store.jobs.find(id)).toMatchObject({
        state: 'failed',
        reason: 'refused',
        detail: reason,
        retryLimit: 5,
        attempts: [{ outcome: 'refused', reason }],
      });
    });

    test('a released job goes back without using a retry', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 1 });
      const outcomes = ['released', 'released', 'failed', 'released', 'failed'] as const;
      const states: string[] = [];
      for (const [index, outcome] of outcomes.entries()) {
        const claimed = await claimOne();
        expect(claimed.attempt).toBe(index + 1);
        states.push((await store.attempts.complete(attemptRef(claimed), node, { session, outcome })).state);
      }
      expect(states).toEqual(['queued', 'queued', 'queued', 'queued', 'failed']);
      expect((await store.jobs.find(id))?.attempts.map((attempt) => attempt.outcome)).toEqual(outcomes);
    });

    test('a result is taken only from the node and session that run the attempt', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      const other = await kit().bench();
      const stale = { code: 'stale-attempt' };
      const done = { outcome: 'succeeded' } as const;
      await expect(store.attempts.complete(ref, node, { session: other.session, ...done })).rejects.toMatchObject(
        stale,
      );
      await expect(store.attempts.complete(ref, other.node, { session, ...done })).rejects.toMatchObject(stale);
      await expect(store.attempts.complete({ ...ref, attempt: 2 }, node, { session, ...done })).rejects.toMatchObject(
        stale,
      );
      expect(await store.jobs.find(id)).toMatchObject({ state: 'running' });
    });

    test('work is claimed by priority, then by age, up to the free slots', async () => {
      const { submit, claim } = await kit().bench();
      const old = await submit();
      const young = await submit();
      const urgent = await submit({ priority: 5 });
      expect((await claim(2)).map((attempt) => attempt.jobId)).toEqual([urgent.id, old.id]);
      expect((await claim(2)).map((attempt) => attempt.jobId)).toEqual([young.id]);
      expect(await claim(2)).toEqual([]);
    });

    test('a job that needs more slots than are free is left for a node that has them', async () => {
      const { store } = kit();
      const { submit, claim } = await kit().bench({ slots: 5 });
      const wide = await submit({ slots: 3, priority: 1 });
      const narrow = await submit({ slots: 2 });
      expect((await claim(2)).map((attempt) => attempt.jobId)).toEqual([narrow.id]);
      expect((await store.jobs.find(wide.id))?.state).toBe('queued');
      expect((await claim(3)).map((attempt) => attempt.jobId)).toEqual([wide.id]);
    });

    test('what a claim opened that was not answered is given again, and a claim that was overtaken gets nothing', async () => {
      const { store } = kit();
      const { queue, node, session, submit } = await kit().bench();
      const claim = async (size: ClaimSize) =>
        (await store.attempts.claim(node, session, size)).claimed.map(({ attempt }) => attemptRef(attempt));
      for (let i = 0; i < 4; i++) await submit();
      const [first] = await claim({ slots: 1, number: 1 });
      const lost = await claim({ slots: 2, number: 2 });
      expect(lost).toHaveLength(2);
      // Of these the answer has come to nobody. What was answered before is not given again.
      expect((await claim({ slots: 3, number: 3, unanswered: 2 })).sort()).toEqual(lost.sort());
      expect(lost).not.toContainEqual(first);
      // The second comes to the server only now.
      expect(await claim({ slots: 2, number: 2 })).toEqual([]);
      await store.attempts.complete(lost[0] as AttemptRef, node, { session, outcome: 'succeeded' });
      expect(await claim({ slots: 3, number: 4, unanswered: 2 })).toEqual([lost[1]]);
      expect(await claim({ slots: 3, number: 5 })).toHaveLength(1);
      // A new session begins to count anew.
      await store.nodes.goodbye(node, session, false);
      const again = await store.nodes.register({ name: node, queues: [queue], slots: 4 });
      expect((await store.attempts.claim(node, again.session, { slots: 1, number: 1 })).claimed).toHaveLength(1);
    });

    test('a queue that a node names twice is one queue', async () => {
      const { store } = kit();
      const [queue, node] = [unique('queue'), unique('node')];
      const { session } = await store.nodes.register({ name: node, queues: [queue, queue], slots: 2 });
      await store.jobs.submit([
        { queue, command: 'echo' },
        { queue, command: 'echo' },
      ]);
      expect(await kit().claim(node, session, 2)).toHaveLength(2);
    });

    test('a claim takes no more slots than it names, and no more than its node has left', async () => {
      const { submit, claim } = await kit().bench({ slots: 6 });
      for (let i = 0; i < 4; i++) await submit({ slots: 2 });
      expect(await claim(3)).toHaveLength(1);
      // As a worker asks whose earlier claim was answered only now.
      expect(await claim(6)).toHaveLength(2);
      expect(await claim(6)).toEqual([]);
    });

    test('claims at the same time never get the same job, and leave none behind', async () => {
      const { submit, claim } = await kit().bench({ slots: 20 });
      for (let i = 0; i < 20; i++) await submit();
      const claimed = (await Promise.all(Array.from({ length: 10 }, () => claim(2)))).flat();
      const rest = await claim(20);
      const ids = [...claimed, ...rest].map((attempt) => attempt.jobId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toHaveLength(20);
    });

    /** A master's batches, in their order. */
    const writer = () => {
      const id = randomUUID();
      let batch = 0;
      return (ref: AttemptRef, moved: Bytes): TrafficBatch => ({
        writer: id,
        batch: ++batch,
        traffic: [{ ...ref, bytes: moved }],
      });
    };

    test('a batch of traffic that is sent again adds nothing, whoever else writes', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      const [one, two] = [writer(), writer()];
      const first = one(ref, { in: 10, out: 1 });
      await Promise.all([first, first, two(ref, { in: 100, out: 0 })].map((batch) => store.attempts.addBytes(batch)));
      await store.attempts.addBytes(one(ref, { in: 1000, out: 0 }));
      await store.attempts.addBytes(first);
      expect((await store.jobs.find(id))?.bytes).toEqual({ in: 1110, out: 1 });
    });

    test('traffic adds up over the attempts of a job, live and ended', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 1 });
      const write = writer();
      const first = attemptRef(await claimOne());
      await store.attempts.addBytes(write(first, { in: 10, out: 1 }));
      await store.attempts.complete(first, node, { session, outcome: 'failed', exitCode: 1 });
      await store.attempts.addBytes(write(first, { in: 5, out: 2 ** 40 }));
      await store.attempts.addBytes(write(attemptRef(await claimOne()), { in: 1, out: 1 }));
      await store.attempts.addBytes(write({ jobId: id, attempt: 2 ** 40 }, { in: 1, out: 1 }));
      const job = await store.jobs.find(id);
      expect(job?.attempts.map((attempt) => attempt.bytes)).toEqual([
        { in: 15, out: 2 ** 40 + 1 },
        { in: 1, out: 1 },
      ]);
      expect(job?.bytes).toEqual({ in: 16, out: 2 ** 40 + 2 });
    });
  });
}
