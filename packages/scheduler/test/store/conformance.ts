import { type ClaimedAttempt, type JobSubmission, limits } from '@weighbridge/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LapsedAttempt, Store } from '../../src/store/index.ts';
import { takeOverview } from '../../src/store/overview.ts';
import { selectJobs } from '../../src/store/queue-statements.ts';
import type { QueueStore } from '../../src/store/queue-store.ts';
import { sweep } from '../../src/store/sweep.ts';

export interface OpenStore {
  store: Store;
  close(): Promise<void>;
}

let names = 0;
/** A name that no other test uses: the suite shares one store. */
const unique = (what: string) => `${what}-${++names}`;

const attemptRef = ({ jobId, attempt }: ClaimedAttempt) => ({ jobId, attempt });
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array) => new TextDecoder().decode(content);

/** What every adapter of the store must do. */
export function describeStore(name: string, open: () => Promise<OpenStore>): void {
  // A busy machine takes its time.
  describe(name, { timeout: 60_000 }, () => {
    let store: Store;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ store, close } = await open());
    });
    afterAll(() => close?.());

    /** A node of its own that serves a queue of its own. */
    async function bench({ slots = 4 } = {}) {
      const queue = unique('queue');
      const node = unique('node');
      const { session } = await store.register({ name: node, queues: [queue], slots });
      return {
        queue,
        node,
        session,
        submit: async (more: Partial<JobSubmission> = {}) => {
          const [one] = await store.submit([{ queue, command: 'echo', args: ['hello'], ...more }]);
          if (!one) throw new Error('nothing was submitted');
          return one.job;
        },
        claim: (free = slots) => store.claim(node, session, free),
        claimOne: async () => {
          const [attempt] = await store.claim(node, session, slots);
          if (!attempt) throw new Error('nothing was claimed');
          return attempt;
        },
      };
    }

    test('a submitted job is queued, with every default filled in', async () => {
      const { queue, submit } = await bench();
      const job = await submit();
      expect(job).toMatchObject({
        state: 'queued',
        queue,
        command: 'echo',
        args: ['hello'],
        env: {},
        files: { inputs: [], outputs: [] },
        slots: 1,
        priority: 0,
        timeoutSeconds: 3600,
        retryLimit: 0,
        attempts: [],
        outputs: [],
        bytes: { in: 0, out: 0 },
      });
      expect(job).not.toHaveProperty('startedAt');
      expect(await store.job(job.id)).toEqual(job);
    });

    test('a claimed job runs, and succeeds with what its attempt sent back', async () => {
      const { queue, node, session, submit, claimOne } = await bench();
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
        slots: 1,
        timeoutSeconds: 3600,
      });
      expect(await store.job(id)).toMatchObject({ state: 'running', attempts: [{ number: 1, node }] });

      const outputs = [{ name: 'a.gz', sha256: 'a'.repeat(64), sizeBytes: 7 }];
      const end = await store.complete(attemptRef(attempt), node, {
        session,
        outcome: 'succeeded',
        exitCode: 0,
        outputs,
      });
      expect(end).toMatchObject({ queue, state: 'succeeded' });
      expect(await store.job(id)).toMatchObject({
        state: 'succeeded',
        exitCode: 0,
        outputs,
        attempts: [{ number: 1, outcome: 'succeeded', exitCode: 0 }],
      });
      expect(await store.output(id, 'a.gz')).toEqual(outputs[0]);
      expect(await store.output(id, 'b.gz')).toBeUndefined();
    });

    test('a second result for the same attempt is stale and changes nothing', async () => {
      const { node, session, submit, claimOne } = await bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      await store.complete(ref, node, { session, outcome: 'succeeded', exitCode: 0 });
      await expect(store.complete(ref, node, { session, outcome: 'failed', exitCode: 1 })).rejects.toMatchObject({
        code: 'stale-attempt',
      });
      expect((await store.job(id))?.state).toBe('succeeded');
    });

    test('jobs are listed newest first, page by page, by queue and state', async () => {
      const { queue, submit } = await bench();
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.unshift((await submit()).id);
      const first = await store.jobs({ queue, limit: 3 });
      expect(first.jobs.map((job) => job.id)).toEqual(ids.slice(0, 3));
      const second = await store.jobs({ queue, limit: 3, ...(first.cursor ? { cursor: first.cursor } : {}) });
      expect(second.jobs.map((job) => job.id)).toEqual(ids.slice(3));
      expect(second.cursor).toBeUndefined();
      expect((await store.jobs({ queue, state: 'queued', limit: 10 })).jobs).toHaveLength(5);
      expect((await store.jobs({ queue, state: 'running', limit: 10 })).jobs).toHaveLength(0);
    });

    test('a log is kept in order of arrival, and repeated bytes are not doubled', async () => {
      const { submit, claimOne } = await bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      await store.appendLog({ ...ref, stream: 'stdout', offset: 0, bytes: bytes('one ') });
      await store.appendLog({ ...ref, stream: 'stderr', offset: 0, bytes: bytes('oops') });
      await store.appendLog({ ...ref, stream: 'stdout', offset: 0, bytes: bytes('one two') });
      await store.appendLog({ ...ref, stream: 'stdout', offset: 4, bytes: bytes('two') });
      const chunks = await store.logs(id, 0, 100);
      expect(chunks.map((chunk) => [chunk.sequence, chunk.stream, chunk.offset, text(chunk.bytes)])).toEqual([
        [1, 'stdout', 0, 'one '],
        [2, 'stderr', 0, 'oops'],
        [3, 'stdout', 4, 'two'],
      ]);
      expect(await store.logs(id, 2, 100)).toHaveLength(1);
    });

    test('a node is listed with its used slots, and its heartbeat names attempts to end', async () => {
      const { node, session, submit, claimOne } = await bench();
      await submit({ slots: 3 });
      const ref = attemptRef(await claimOne());
      expect(await store.node(node)).toMatchObject({ id: node, state: 'ready', slots: 4, slotsUsed: 3, labels: {} });
      expect((await store.nodes()).map((one) => one.id)).toContain(node);
      const foreign = { jobId: ref.jobId, attempt: 2 };
      expect(await store.heartbeat(node, session, [ref, foreign])).toEqual({ end: [foreign] });
    });

    const internals = () => (store as QueueStore).context;
    /** Makes an attempt's lease one that lapsed a moment ago. */
    const lapse = ({ jobId, attempt }: ClaimedAttempt) =>
      internals().database.query(
        `UPDATE weighbridge.attempts SET lease_until = now() - interval '1 ms' WHERE job_id = $1::uuid AND number = $2`,
        [jobId, attempt],
      );
    /** Resolves with the lapse of this job's attempt, whichever pass finds it. */
    const lapseOf = (jobId: string) => {
      const { promise, resolve } = Promise.withResolvers<LapsedAttempt>();
      const stop = store.onLapse((all) => {
        const mine = all.find((one) => one.jobId === jobId);
        if (mine) resolve(mine);
      });
      return promise.finally(stop);
    };

    test('a failed attempt is tried again until its retries are used up', async () => {
      const { node, session, submit, claimOne } = await bench();
      const { id } = await submit({ retryLimit: 1 });
      const failed = { session, outcome: 'failed', exitCode: 3 } as const;
      const first = await store.complete(attemptRef(await claimOne()), node, failed);
      expect(first.state).toBe('queued');
      const again = await claimOne();
      expect(again).toMatchObject({ jobId: id, attempt: 2 });
      expect((await store.complete(attemptRef(again), node, failed)).state).toBe('failed');
      expect(await store.job(id)).toMatchObject({
        state: 'failed',
        exitCode: 3,
        attempts: [{ outcome: 'failed' }, { outcome: 'failed' }],
      });
    });

    test('a job that timed out says so, also when listed by state', async () => {
      const { queue, node, session, submit, claimOne } = await bench();
      const { id } = await submit();
      const end = await store.complete(attemptRef(await claimOne()), node, {
        session,
        outcome: 'timed_out',
        signal: 'SIGKILL',
        reason: 'it ran for 1 s',
      });
      expect(end.state).toBe('timed_out');
      expect(await store.job(id)).toMatchObject({ state: 'timed_out', signal: 'SIGKILL', reason: 'it ran for 1 s' });
      expect((await store.jobs({ queue, state: 'timed_out', limit: 5 })).jobs.map((job) => job.id)).toEqual([id]);
      expect((await store.jobs({ queue, state: 'failed', limit: 5 })).jobs).toEqual([]);
    });

    test('a refused job fails without a retry', async () => {
      const { node, session, submit, claimOne } = await bench();
      const { id } = await submit({ retryLimit: 5 });
      const reason = 'this worker does not allow rm';
      const end = await store.complete(attemptRef(await claimOne()), node, { session, outcome: 'refused', reason });
      expect(end.state).toBe('failed');
      expect(await store.job(id)).toMatchObject({
        state: 'failed',
        reason: 'refused',
        retryLimit: 5,
        attempts: [{ outcome: 'refused', reason }],
      });
    });

    test('a released job goes back without using a retry', async () => {
      const { node, session, submit, claimOne } = await bench();
      const { id } = await submit({ retryLimit: 1 });
      const outcomes = ['released', 'released', 'failed', 'released', 'failed'] as const;
      const states: string[] = [];
      for (const [index, outcome] of outcomes.entries()) {
        const claimed = await claimOne();
        expect(claimed.attempt).toBe(index + 1);
        states.push((await store.complete(attemptRef(claimed), node, { session, outcome })).state);
      }
      expect(states).toEqual(['queued', 'queued', 'queued', 'queued', 'failed']);
      expect((await store.job(id))?.attempts.map((attempt) => attempt.outcome)).toEqual(outcomes);
    });

    test('a result is taken only from the node and session that run the attempt', async () => {
      const { node, session, submit, claimOne } = await bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      const other = await bench();
      const stale = { code: 'stale-attempt' };
      const done = { outcome: 'succeeded' } as const;
      await expect(store.complete(ref, node, { session: other.session, ...done })).rejects.toMatchObject(stale);
      await expect(store.complete(ref, other.node, { session, ...done })).rejects.toMatchObject(stale);
      await expect(store.complete({ ...ref, attempt: 2 }, node, { session, ...done })).rejects.toMatchObject(stale);
      expect(await store.job(id)).toMatchObject({ state: 'running' });
    });

    test('a lapsed lease without retries left fails the job as lost, and its late result is stale', async () => {
      const { queue, node, session, submit, claimOne } = await bench();
      const { id } = await submit();
      const attempt = await claimOne();
      const found = lapseOf(id);
      await lapse(attempt);
      await store.supervise();
      expect(await found).toEqual({ jobId: id, attempt: 1, node, queue, jobEnded: true });
      expect(await store.job(id)).toMatchObject({
        state: 'failed',
        reason: 'lost',
        attempts: [{ outcome: 'lost', reason: 'the lease of its node lapsed' }],
      });
      await expect(
        store.complete(attemptRef(attempt), node, { session, outcome: 'succeeded', exitCode: 0 }),
      ).rejects.toMatchObject({ code: 'stale-attempt' });
      await expect(
        store.appendLog({ ...attemptRef(attempt), stream: 'stdout', offset: 0, bytes: bytes('late') }),
      ).rejects.toMatchObject({ code: 'stale-attempt' });
      expect(await store.heartbeat(node, session, [attemptRef(attempt)])).toEqual({ end: [attemptRef(attempt)] });
    });

    test('a lapsed lease uses up a retry and wakes a claim', async () => {
      const { queue, node, session, submit, claimOne } = await bench();
      const { id } = await submit({ retryLimit: 1 });
      const attempt = await claimOne();
      const found = lapseOf(id);
      const woken = readyOf(queue);
      await lapse(attempt);
      await store.supervise();
      expect((await found).jobEnded).toBe(false);
      await woken;
      const again = await claimOne();
      expect(again).toMatchObject({ jobId: id, attempt: 2 });
      // The first worker comes back to life: its attempt is not the current one.
      await expect(store.complete(attemptRef(attempt), node, { session, outcome: 'succeeded' })).rejects.toMatchObject({
        code: 'stale-attempt',
      });
      expect((await store.complete(attemptRef(again), node, { session, outcome: 'succeeded' })).state).toBe(
        'succeeded',
      );
    });

    test('a heartbeat extends the leases of the attempts that it names', async () => {
      const { node, session, submit, claimOne } = await bench();
      const { id } = await submit();
      const attempt = await claimOne();
      await lapse(attempt);
      // Either the heartbeat or a pass in the background comes first; both answers must agree.
      const { end } = await store.heartbeat(node, session, [attemptRef(attempt)]);
      await store.supervise();
      expect((await store.job(id))?.state).toBe(end.length === 0 ? 'running' : 'failed');
    });

    test('a name taken again ends what the earlier session ran, and its calls are stale', async () => {
      const { queue, node, session, submit, claimOne } = await bench();
      const { id } = await submit({ retryLimit: 1 });
      const attempt = await claimOne();
      const second = await store.register({ name: node, queues: [queue], slots: 1 });
      expect(second.lapsed).toEqual([{ jobId: id, attempt: 1, node, queue, jobEnded: false }]);
      await expect(store.heartbeat(node, session, [])).rejects.toMatchObject({ code: 'stale-session' });
      await expect(store.claim(node, session, 1)).rejects.toMatchObject({ code: 'stale-session' });
      await expect(store.complete(attemptRef(attempt), node, { session, outcome: 'succeeded' })).rejects.toMatchObject({
        code: 'stale-attempt',
      });
      expect(await store.claim(node, second.session, 1)).toMatchObject([{ jobId: id, attempt: 2 }]);
    });

    test('an unknown node can neither claim nor beat', async () => {
      const session = '11111111-1111-4111-8111-111111111111';
      await expect(store.claim('nobody', session, 1)).rejects.toMatchObject({ code: 'not-found' });
      await expect(store.heartbeat('nobody', session, [])).rejects.toMatchObject({ code: 'not-found' });
      expect(await store.node('nobody')).toBeUndefined();
    });

    test('a node whose worker said goodbye is stopped until it registers again, and is given nothing', async () => {
      const { queue, node, session, submit } = await bench();
      await submit();
      await store.goodbye(node, session);
      expect(await store.node(node)).toMatchObject({ state: 'stopped' });
      expect(await store.claim(node, session, 1)).toEqual([]);
      const stranger = '11111111-1111-4111-8111-111111111111';
      await expect(store.goodbye(node, stranger)).rejects.toMatchObject({ code: 'stale-session' });
      await expect(store.goodbye('nobody', stranger)).rejects.toMatchObject({ code: 'not-found' });
      const again = await store.register({ name: node, queues: [queue], slots: 1 });
      expect(await store.node(node)).toMatchObject({ state: 'ready' });
      expect(await store.claim(node, again.session, 1)).toHaveLength(1);
    });

    test('work is claimed by priority, then by age, up to the free slots', async () => {
      const { submit, claim } = await bench();
      const old = await submit();
      const young = await submit();
      const urgent = await submit({ priority: 5 });
      expect((await claim(2)).map((attempt) => attempt.jobId)).toEqual([urgent.id, old.id]);
      expect((await claim(2)).map((attempt) => attempt.jobId)).toEqual([young.id]);
      expect(await claim(2)).toEqual([]);
    });

    test('a job that needs more slots than are free is left for a node that has them', async () => {
      const { submit, claim } = await bench();
      const wide = await submit({ slots: 3, priority: 1 });
      const narrow = await submit({ slots: 2 });
      expect((await claim(2)).map((attempt) => attempt.jobId)).toEqual([narrow.id]);
      expect((await store.job(wide.id))?.state).toBe('queued');
      expect((await claim(3)).map((attempt) => attempt.jobId)).toEqual([wide.id]);
    });

    test('a claim takes no more slots than it names', async () => {
      const { submit, claim } = await bench();
      for (let i = 0; i < 3; i++) await submit({ slots: 2 });
      expect(await claim(3)).toHaveLength(1);
      expect(await claim(4)).toHaveLength(2);
    });

    test('claims at the same time never get the same job, and leave none behind', async () => {
      const { submit, claim } = await bench();
      for (let i = 0; i < 20; i++) await submit();
      const claimed = (await Promise.all(Array.from({ length: 10 }, () => claim(2)))).flat();
      const rest = await claim(20);
      const ids = [...claimed, ...rest].map((attempt) => attempt.jobId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toHaveLength(20);
    });

    test('a repeated idempotency key gives the earlier job, and another body is refused', async () => {
      const { queue } = await bench();
      const submission = { queue, command: 'echo', env: { A: '1', B: '2' }, idempotencyKey: 'k' };
      const [first] = await store.submit([submission]);
      const [again] = await store.submit([{ ...submission, env: { B: '2', A: '1' } }]);
      expect(first?.created).toBe(true);
      expect(again).toEqual({ job: first?.job, created: false });
      expect(first?.job).not.toHaveProperty('digest');
      await expect(store.submit([{ ...submission, command: 'sleep' }])).rejects.toMatchObject({
        code: 'idempotency-mismatch',
      });
      const [elsewhere] = await store.submit([{ ...submission, queue: unique('queue') }]);
      expect(elsewhere?.created).toBe(true);
    });

    test('a submission is stored whole or not at all', async () => {
      const { queue } = await bench();
      const other = unique('queue');
      await store.submit([{ queue, command: 'echo', idempotencyKey: 'taken' }]);
      const mixed = [
        { queue: other, command: 'echo' },
        { queue, command: 'sleep', idempotencyKey: 'taken' },
      ];
      await expect(store.submit(mixed)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
      expect((await store.jobs({ queue: other, limit: 5 })).jobs).toEqual([]);
      const same = { queue, command: 'echo', idempotencyKey: 'twice' };
      const twice = await store.submit([same, same]);
      expect(twice.map((one) => one.created)).toEqual([true, false]);
    });

    test('text that no database holds is refused in a sentence', async () => {
      const { queue } = await bench();
      await expect(store.submit([{ queue, command: 'echo', args: ['\ud800'] }])).rejects.toMatchObject({
        code: 'invalid-request',
        message: 'job.args.0 must be whole Unicode characters without U+0000',
      });
    });

    test('a cursor that no page gave is refused', async () => {
      for (const cursor of ['x', Buffer.from('["now()","1"]').toString('base64url')]) {
        await expect(store.jobs({ cursor, limit: 1 })).rejects.toMatchObject({ code: 'invalid-request' });
      }
    });

    const readyOf = (queue: string) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = store.onReady((name) => {
        if (name === queue) resolve();
      });
      return promise.finally(stop);
    };

    test('a submission wakes a claim, and a deferred job does when it is due', async () => {
      const { queue, submit, claim } = await bench();
      const woken = readyOf(queue);
      await submit();
      await woken;
      await claim();
      const due = readyOf(queue);
      const job = await submit({ startAfter: new Date(Date.now() + 300).toISOString() });
      expect(job.state).toBe('scheduled');
      expect(await claim()).toEqual([]);
      await due;
      expect((await claim()).map((attempt) => attempt.jobId)).toEqual([job.id]);
    });

    test('a job that changes is announced', async () => {
      const { submit, claimOne, node, session } = await bench();
      const { id } = await submit();
      const attempt = await claimOne();
      const seen: string[] = [];
      const changed = Promise.withResolvers<void>();
      const stop = store.onJobChange((jobId) => {
        seen.push(jobId);
        if (seen.length === 2) changed.resolve();
      });
      await store.appendLog({ ...attemptRef(attempt), stream: 'stdout', offset: 0, bytes: bytes('x') });
      await store.complete(attemptRef(attempt), node, { session, outcome: 'succeeded' });
      await changed.promise;
      stop();
      expect(seen).toEqual([id, id]);
    });

    test('a cancelled job is cancelling until its attempt has ended', async () => {
      const { queue, node, session, submit, claimOne } = await bench();
      const { id } = await submit({ retryLimit: 3 });
      const ref = attemptRef(await claimOne());
      await internals().boss.cancel(queue, id);
      expect((await store.job(id))?.state).toBe('cancelling');
      expect(await store.heartbeat(node, session, [ref])).toEqual({ end: [ref] });
      const end = await store.complete(ref, node, { session, outcome: 'cancelled', signal: 'SIGTERM' });
      expect(end.state).toBe('cancelled');
      expect(await store.job(id)).toMatchObject({ state: 'cancelled', attempts: [{ outcome: 'cancelled' }] });
    });

    test('an attempt that outlives its timeout is ended by the queue', async () => {
      const { queue, submit, claimOne } = await bench();
      const { id } = await submit();
      const attempt = await claimOne();
      const { database, boss } = internals();
      await database.query(
        `UPDATE weighbridge_queue.job SET started_on = started_on - interval '2 hours' WHERE id = $1::uuid`,
        [id],
      );
      await database.query('UPDATE weighbridge_queue.queue SET monitor_claim_on = NULL WHERE name = $1', [queue]);
      const found = lapseOf(id);
      await boss.supervise(queue);
      await store.supervise();
      expect((await found).attempt).toBe(attempt.attempt);
      expect(await store.job(id)).toMatchObject({ state: 'timed_out', attempts: [{ outcome: 'timed_out' }] });
    });

    test('traffic adds up over the attempts of a job, live and ended', async () => {
      const { node, session, submit, claimOne } = await bench();
      const { id } = await submit({ retryLimit: 1 });
      const first = attemptRef(await claimOne());
      await store.addBytes(first, { in: 10, out: 1 });
      await store.complete(first, node, { session, outcome: 'failed', exitCode: 1 });
      await store.addBytes(first, { in: 5, out: 2 ** 40 });
      await store.addBytes(attemptRef(await claimOne()), { in: 1, out: 1 });
      await store.addBytes({ jobId: id, attempt: 2 ** 40 }, { in: 1, out: 1 });
      const job = await store.job(id);
      expect(job?.attempts.map((attempt) => attempt.bytes)).toEqual([
        { in: 15, out: 2 ** 40 + 1 },
        { in: 1, out: 1 },
      ]);
      expect(job?.bytes).toEqual({ in: 16, out: 2 ** 40 + 2 });
    });

    test('a log past the limit is cut once, with a line that says so', async () => {
      const { submit, claimOne } = await bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      await store.appendLog({ ...ref, stream: 'stdout', offset: 0, bytes: bytes('first') });
      const { database } = internals();
      await database.query(`UPDATE weighbridge.job_logs SET bytes = $2 WHERE job_id = $1::uuid`, [
        id,
        limits.jobLogBytes - 3,
      ]);
      await store.appendLog({ ...ref, stream: 'stdout', offset: 5, bytes: bytes('second') });
      await store.appendLog({ ...ref, stream: 'stderr', offset: 0, bytes: bytes('third') });
      const chunks = await store.logs(id, 0, 100);
      expect(chunks.map((chunk) => [chunk.stream, text(chunk.bytes)])).toEqual([
        ['stdout', 'first'],
        ['stdout', 'sec'],
        ['system', `the log was cut here: a job keeps at most ${limits.jobLogBytes} bytes\n`],
      ]);
    });

    test('blobs that kept jobs name are in use, as inputs and as outputs', async () => {
      const { node, session, submit, claimOne } = await bench();
      const [input, made, stray] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string];
      await submit({ files: { inputs: [{ name: 'a', sha256: input }] } });
      const outputs = [{ name: 'b', sha256: made, sizeBytes: 1 }];
      await store.complete(attemptRef(await claimOne()), node, { session, outcome: 'succeeded', outputs });
      expect(await store.blobsInUse([input, made, stray])).toEqual(new Set([input, made]));
    });

    test('what deleted jobs and long lost nodes leave behind is swept away, and nothing else', async () => {
      const { queue, node, session, submit, claimOne } = await bench();
      const sha256 = '4'.repeat(64);
      const kept = await submit({ files: { inputs: [{ name: 'a', sha256: '5'.repeat(64) }] } });
      const keptRef = attemptRef(await claimOne());
      const gone = await submit({ files: { inputs: [{ name: 'a', sha256 }] } });
      const goneRef = attemptRef(await claimOne());
      for (const ref of [keptRef, goneRef]) {
        await store.appendLog({ ...ref, stream: 'stdout', offset: 0, bytes: bytes('x') });
        await store.complete(ref, node, { session, outcome: 'succeeded' });
      }
      const { database, boss } = internals();
      await boss.deleteJob(queue, gone.id);
      const ids = [kept.id, gone.id];
      const old = `now() - interval '1 year'`;
      await database.query(`UPDATE weighbridge.attempts SET ended_at = ${old} WHERE job_id = ANY($1::uuid[])`, [ids]);
      await database.query(`UPDATE weighbridge.blob_uses SET named_at = ${old} WHERE job_id = ANY($1::uuid[])`, [ids]);
      await database.query(`UPDATE weighbridge.nodes SET heartbeat_at = ${old} WHERE name = $1`, [node]);
      await sweep(internals());
      for (const table of ['attempts', 'job_logs', 'log_chunks', 'blob_uses']) {
        const rows = await database.query(`SELECT job_id FROM weighbridge.${table} WHERE job_id = ANY($1::uuid[])`, [
          ids,
        ]);
        expect(rows, table).toEqual([{ job_id: kept.id }]);
      }
      expect(await store.node(node)).toBeUndefined();
      expect(await store.logs(kept.id, 0, 10)).toHaveLength(1);
    });

    test('the overview has every queue with every live state', async () => {
      const { queue, submit, claimOne } = await bench();
      await submit();
      await claimOne();
      await submit();
      await submit({ startAfter: new Date(Date.now() + 3_600_000).toISOString() });
      const { jobs, oldestReadyAgeSeconds } = await takeOverview(internals());
      expect(jobs.filter((row) => row.queue === queue)).toEqual([
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

    test('one queue or node too many is refused', async () => {
      const { queue } = await bench();
      await store.submit([{ queue, command: 'echo' }]);
      const { database } = internals();
      const fill = async (table: string, column: string, like: string) => {
        const columns = await database.query(
          `SELECT string_agg(quote_ident(attname), ',') AS list FROM pg_attribute
           WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname <> $2`,
          [table, column],
        );
        const { list } = columns[0];
        await database.query(
          `INSERT INTO ${table} (${column}, ${list}) SELECT 'filler-' || n, ${list} FROM ${table}, generate_series(1, 1000) n
           WHERE ${column} = $1`,
          [like],
        );
        return () => database.query(`DELETE FROM ${table} WHERE ${column} LIKE 'filler-%'`);
      };
      const [node] = await store.nodes();
      const emptied = [
        await fill('weighbridge_queue.queue', 'name', queue),
        await fill('weighbridge.nodes', 'name', node?.id ?? ''),
      ];
      try {
        const name = unique('one-too-many');
        await expect(store.submit([{ queue: name, command: 'echo' }])).rejects.toMatchObject({
          code: 'too-many-names',
        });
        await expect(store.register({ name, queues: [queue], slots: 1 })).rejects.toMatchObject({
          code: 'too-many-names',
        });
        await expect(store.submit([{ queue, command: 'echo' }])).resolves.toHaveLength(1);
      } finally {
        for (const empty of emptied) await empty();
      }
    });

    test('our indexes serve a job by id and the newest jobs, and the queue is content with them', async () => {
      const { database, boss } = internals();
      const plan = async (statement: string) =>
        database.transaction(async (tx) => {
          await tx.query('SET LOCAL enable_seqscan = off');
          return JSON.stringify(await tx.query(`EXPLAIN ${statement}`));
        });
      const zero = '00000000-0000-0000-0000-000000000000';
      // Partitions name their indexes by column.
      expect(await plan(`${selectJobs} WHERE j.id = '${zero}'`)).toMatch(/job_common_id_idx/);
      expect(await plan(`${selectJobs} ORDER BY j.created_on DESC, j.id DESC LIMIT 50`)).toMatch(
        /job_common_created_on_id_idx/,
      );
      expect(await boss.detectSchemaDrift()).toMatchObject({ ok: true });
    });

    test('ping answers', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });
}
