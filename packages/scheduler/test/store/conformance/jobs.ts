import { describe, expect, test } from 'vitest';
import { attemptRef, bytes, type StoreKit, unique } from './store-kit.ts';

export function describeJobs(kit: () => StoreKit): void {
  describe('jobs', () => {
    test('a submitted job is queued, with every default filled in', async () => {
      const { store } = kit();
      const { queue, submit } = await kit().bench();
      const job = await submit();
      expect(job).toMatchObject({
        state: 'queued',
        queue,
        command: 'echo',
        args: ['hello'],
        env: {},
        files: { inputs: [], outputs: [], optionalOutputs: [] },
        dependsOn: [],
        slots: 1,
        priority: 0,
        timeoutSeconds: 3600,
        retryLimit: 0,
        attempts: [],
        outputs: [],
        bytes: { in: 0, out: 0 },
      });
      expect(job).not.toHaveProperty('startedAt');
      expect(await store.jobs.find(job.id)).toEqual(job);
    });

    test('jobs are listed newest first, page by page, by queue and state', async () => {
      const { store } = kit();
      const { queue, submit } = await kit().bench();
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.unshift((await submit()).id);
      const first = await store.jobs.list({ queue, limit: 3 });
      expect(first.jobs.map((job) => job.id)).toEqual(ids.slice(0, 3));
      const second = await store.jobs.list({ queue, limit: 3, ...(first.cursor ? { cursor: first.cursor } : {}) });
      expect(second.jobs.map((job) => job.id)).toEqual(ids.slice(3));
      expect(second.cursor).toBeUndefined();
      expect((await store.jobs.list({ queue, state: 'queued', limit: 10 })).jobs).toHaveLength(5);
      expect((await store.jobs.list({ queue, state: 'running', limit: 10 })).jobs).toHaveLength(0);
    });

    test('the oldest job of a queue is the one that has been ready for longest', async () => {
      const { store } = kit();
      const { queue, submit, claimOne } = await kit().bench();
      expect(await store.jobs.findOldest(queue)).toBeUndefined();
      const first = await submit({ priority: -5 });
      await submit({ priority: 5 });
      await submit({ startAfter: new Date(Date.now() + 3_600_000).toISOString() });
      expect(await store.jobs.findOldest(queue)).toMatchObject({ job: { id: first.id }, readySince: first.createdAt });
      // A claim takes both that are ready.
      await claimOne();
      expect(await store.jobs.findOldest(queue)).toBeUndefined();
    });

    test('a repeated idempotency key gives the earlier job, and another body is refused', async () => {
      const { store } = kit();
      const { queue } = await kit().bench();
      const submission = { queue, command: 'echo', env: { A: '1', B: '2' }, idempotencyKey: 'k' };
      const [first] = await store.jobs.submit([submission]);
      const [again] = await store.jobs.submit([{ ...submission, env: { B: '2', A: '1' } }]);
      expect(first?.created).toBe(true);
      expect(again).toEqual({ job: first?.job, created: false });
      expect(first?.job).not.toHaveProperty('digest');
      await expect(store.jobs.submit([{ ...submission, command: 'sleep' }])).rejects.toMatchObject({
        code: 'idempotency-mismatch',
      });
      const [elsewhere] = await store.jobs.submit([{ ...submission, queue: unique('queue') }]);
      expect(elsewhere?.created).toBe(true);
    });

    test('a submission is stored whole or not at all', async () => {
      const { store } = kit();
      const { queue } = await kit().bench();
      const other = unique('queue');
      await store.jobs.submit([{ queue, command: 'echo', idempotencyKey: 'taken' }]);
      const mixed = [
        { queue: other, command: 'echo' },
        { queue, command: 'sleep', idempotencyKey: 'taken' },
      ];
      await expect(store.jobs.submit(mixed)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
      expect((await store.jobs.list({ queue: other, limit: 5 })).jobs).toEqual([]);
      const same = { queue, command: 'echo', idempotencyKey: 'twice' };
      const twice = await store.jobs.submit([same, same]);
      expect(twice.map((one) => one.created)).toEqual([true, false]);
    });

    test('text that no database holds is refused in a sentence', async () => {
      const { store } = kit();
      const { queue } = await kit().bench();
      await expect(store.jobs.submit([{ queue, command: 'echo', args: ['\ud800'] }])).rejects.toMatchObject({
        code: 'invalid-request',
        message: 'job.args.0 must be whole Unicode characters without U+0000',
      });
    });

    test('a page is in short, at most 256 kB, and goes on where it ends', async () => {
      const { store } = kit();
      const queue = unique('queue');
      // Of three bytes each, and JSON writes six for each control character.
      const args = ['\u0001'.repeat(100), '\u4e2d'.repeat(30_000)];
      const env = { LONG: 'x'.repeat(30_000) };
      await store.jobs.submit(Array.from({ length: 600 }, () => ({ queue, command: 'echo', args, env })));
      const seen = new Set<string>();
      let cursor: string | undefined;
      do {
        const page = await store.jobs.list({ queue, limit: 1000, ...(cursor !== undefined && { cursor }) });
        expect(JSON.stringify(page).length).toBeLessThanOrEqual(256_000);
        for (const job of page.jobs) {
          expect(job).not.toHaveProperty('env');
          expect(job.commandLine).toHaveLength(200);
          seen.add(job.id);
        }
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(seen.size).toBe(600);
      // An earlier version kept no short command line.
      await kit().query('UPDATE weighbridge.jobs SET command_line = NULL WHERE queue = $1', [queue]);
      const [old] = (await store.jobs.list({ queue, limit: 1 })).jobs;
      expect(old?.commandLine).toMatch(/^echo \[/);
      expect(old?.commandLine).toHaveLength(200);
    });

    test('a cursor that no page gave is refused', async () => {
      const { store } = kit();
      const id = '11111111-1111-4111-8111-111111111111';
      const contents = [
        '["now()","1"]',
        `["9999-99-99 99:99:99+00","${id}"]`,
        `[1e300,"${id}"]`,
        `[1,[["${id}"]]]`,
        '[',
        '5',
      ];
      for (const cursor of ['x', ...contents.map((text) => Buffer.from(text).toString('base64url'))]) {
        await expect(store.jobs.list({ cursor, limit: 1 })).rejects.toMatchObject({ code: 'invalid-request' });
      }
    });

    test('a cancelled job is cancelling until its attempt has ended', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 3 });
      const ref = attemptRef(await claimOne());
      expect(await store.jobs.cancel(id)).toMatchObject({ state: 'cancelling', cancelled: [] });
      expect((await store.jobs.find(id))?.state).toBe('cancelling');
      expect(await store.nodes.heartbeat(node, session, [ref])).toEqual({ end: [ref] });
      const end = await store.attempts.complete(ref, node, { session, outcome: 'cancelled', signal: 'SIGTERM' });
      expect(end.state).toBe('cancelled');
      expect(await store.jobs.find(id)).toMatchObject({ state: 'cancelled', attempts: [{ outcome: 'cancelled' }] });
    });

    test('a job that waits is cancelled at once, and one that has ended stays as it is', async () => {
      const { store } = kit();
      const { submit, claim, queue } = await kit().bench();
      const { id } = await submit();
      const deferred = await submit({ startAfter: new Date(Date.now() + 3_600_000).toISOString() });
      for (const one of [id, deferred.id])
        expect(await store.jobs.cancel(one)).toMatchObject({ queue, state: 'cancelled' });
      expect(await claim()).toEqual([]);
      expect(await store.jobs.find(id)).toMatchObject({ state: 'cancelled', endedAt: expect.any(String) });
      expect(await store.jobs.cancel(id)).toBeUndefined();
      expect((await store.jobs.list({ queue, state: 'cancelled', limit: 5 })).jobs).toHaveLength(2);
    });

    test('the jobs of one submission keep their order', async () => {
      const { store } = kit();
      const { queue, claim } = await kit().bench({ slots: 100 });
      const commands = Array.from({ length: 100 }, (_, n) => `command-${n}`);
      const submitted = await store.jobs.submit(commands.map((command) => ({ queue, command })));
      expect(submitted.map(({ job }) => job.command)).toEqual(commands);
      expect((await claim()).map(({ command }) => command)).toEqual(commands);
    });

    test('what is large comes back as it was given', async () => {
      const { store } = kit();
      const { submit } = await kit().bench();
      const given = { args: ['x'.repeat(30_000), '"\\\n\t\u{1f600}', ''], env: { B: 'é', A: '' }, priority: -3 };
      const { id } = await submit(given);
      expect(await store.jobs.find(id)).toMatchObject(given);
    });

    test('a job that changes is announced', async () => {
      const { store } = kit();
      const { submit, claimOne, node, session } = await kit().bench();
      const { id } = await submit();
      const attempt = await claimOne();
      const seen: string[] = [];
      const changed = Promise.withResolvers<void>();
      const stop = store.jobs.onChange((jobId) => {
        seen.push(jobId);
        if (seen.length === 2) changed.resolve();
      });
      await store.logs.append({ ...attemptRef(attempt), stream: 'stdout', offset: 0, bytes: bytes('x') });
      await store.attempts.complete(attemptRef(attempt), node, { session, outcome: 'succeeded' });
      await changed.promise;
      stop();
      expect(seen).toEqual([id, id]);
    });

    test('one queue or node too many is refused', async () => {
      const { store } = kit();
      const { queue } = await kit().bench();
      await store.jobs.submit([{ queue, command: 'echo' }]);
      await kit().query(`INSERT INTO weighbridge.queues SELECT 'filler-' || n FROM generate_series(1, 1000) n`);
      await kit().query(
        `INSERT INTO weighbridge.nodes (name, session, queues, slots, labels, registered_at, heartbeat_at)
         SELECT 'filler-' || n, gen_random_uuid(), '{}', 1, '{}', now(), now() FROM generate_series(1, 1000) n`,
      );
      try {
        const name = unique('one-too-many');
        await expect(store.jobs.submit([{ queue: name, command: 'echo' }])).rejects.toMatchObject({
          code: 'too-many-names',
        });
        await expect(store.nodes.register({ name, queues: [queue], slots: 1 })).rejects.toMatchObject({
          code: 'too-many-names',
        });
        await expect(store.jobs.submit([{ queue, command: 'echo' }])).resolves.toHaveLength(1);
      } finally {
        await kit().query(`DELETE FROM weighbridge.queues WHERE name LIKE 'filler-%'`);
        await kit().query(`DELETE FROM weighbridge.nodes WHERE name LIKE 'filler-%'`);
      }
    });
  });
}
