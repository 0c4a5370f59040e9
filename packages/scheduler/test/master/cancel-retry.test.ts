import type { Job, Problem } from '@weighbridge/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, randomName, sample, startMaster } from './harness.ts';
import { startWorker } from './worker-side.ts';

let running: Running;
beforeAll(async () => {
  running = await startMaster();
});
afterAll(() => running[Symbol.asyncDispose]());

const nowhere = '00000000-0000-4000-8000-000000000000';

async function ask(path: string): Promise<[status: number, body: Job & Problem]> {
  const response = await running.call(path, { method: 'POST' });
  return [response.status, (await response.json()) as Job & Problem];
}

describe('a job is cancelled', () => {
  test('at once while it waits; asked for again, the answer is the same', async () => {
    const queue = randomName();
    const { id } = await running.client.submit({ command: 'echo', queue });
    expect(await running.client.cancel(id)).toMatchObject({ id, state: 'cancelled' });
    expect(await running.client.cancel(id)).toMatchObject({ id, state: 'cancelled' });
    expect(sample(await running.scrape(), `scheduler_jobs_finished_total{queue="${queue}",outcome="cancelled"}`)).toBe(
      1,
    );
  });

  test('when its attempt has ended while it runs, and its worker is told with the next heartbeat', async () => {
    const queue = randomName();
    const worker = await startWorker(running, { queues: [queue] });
    const { id } = await running.client.submit({ command: 'sleep', queue });
    const [attempt] = await worker.claim();
    if (!attempt) throw new Error('nothing was claimed');
    expect(await running.client.cancel(id)).toMatchObject({ state: 'cancelling' });
    expect(await running.client.cancel(id)).toMatchObject({ state: 'cancelling' });
    const ref = { jobId: id, attempt: 1 };
    const reply = await worker.client.heartbeat(worker.name, { session: worker.session, attempts: [ref] });
    expect(reply).toEqual({ end: [ref] });
    await worker.end(attempt, 'cancelled', { signal: 'SIGTERM' });
    expect(await running.client.job(id)).toMatchObject({ state: 'cancelled', signal: 'SIGTERM' });
  });

  test('with the jobs that depend on it, which are counted', async () => {
    const queue = randomName();
    const [parent] = await running.client.submitAll([
      { command: 'echo', queue, key: 'a' },
      { command: 'echo', queue, key: 'b', dependsOn: ['a'] },
      { command: 'echo', queue, dependsOn: ['b'] },
    ]);
    await running.client.cancel(parent?.id ?? '');
    expect(sample(await running.scrape(), `scheduler_jobs_finished_total{queue="${queue}",outcome="cancelled"}`)).toBe(
      3,
    );
  });

  test('unless it has ended, or is not there', async () => {
    const queue = randomName();
    const worker = await startWorker(running, { queues: [queue] });
    const { id } = await running.client.submit({ command: 'echo', queue });
    const [attempt] = await worker.claim();
    if (attempt) await worker.end(attempt, 'succeeded');
    expect(await ask(`/jobs/${id}/cancel`)).toMatchObject([
      409,
      { code: 'job-ended', detail: `job ${id} has succeeded, so it can't be cancelled` },
    ]);
    expect(await ask(`/jobs/${nowhere}/cancel`)).toMatchObject([404, { detail: `there is no job ${nowhere}` }]);
    expect(await ask('/jobs/some/cancel')).toMatchObject([400, { code: 'invalid-request' }]);
  });
});

describe('a job is tried again', () => {
  test('when it has failed, and not otherwise', async () => {
    const queue = randomName();
    const worker = await startWorker(running, { queues: [queue] });
    const { id } = await running.client.submit({ command: 'echo', queue });
    expect(await ask(`/jobs/${id}/retry`)).toMatchObject([
      409,
      {
        code: 'not-retryable',
        detail: `job ${id} is queued; only one that failed, timed out or was cancelled can be tried again`,
      },
    ]);
    const [first] = await worker.claim();
    if (first) await worker.end(first, 'failed', { exitCode: 1 });
    expect(await running.client.retry(id)).toMatchObject({ id, state: 'queued', attempts: [{ outcome: 'failed' }] });
    const [second] = await worker.claim();
    if (second) await worker.end(second, 'succeeded');
    expect(await ask(`/jobs/${id}/retry`)).toMatchObject([
      409,
      { detail: `job ${id} has succeeded; submit it again to run it once more` },
    ]);
    expect((await ask(`/jobs/${nowhere}/retry`))[0]).toBe(404);
  });

  test('not while it depends on one that did not succeed', async () => {
    const queue = randomName();
    const [parent, child] = await running.client.submitAll([
      { command: 'echo', queue, key: 'a' },
      { command: 'echo', queue, dependsOn: ['a'] },
    ]);
    await running.client.cancel(parent?.id ?? '');
    expect(await ask(`/jobs/${child?.id}/retry`)).toMatchObject([
      409,
      {
        detail: `job ${child?.id} depends on job ${parent?.id}, which did not succeed; try that one again, and this one follows`,
      },
    ]);
    await running.client.retry(parent?.id ?? '');
    expect(await running.client.job(child?.id ?? '')).toMatchObject({ state: 'blocked' });
  });
});

describe('jobs that depend on others', () => {
  test.each<[string, object[], string]>([
    [
      'a key that stands twice',
      [{ key: 'a' }, { key: 'b' }, { key: 'a' }],
      'body[2].key must be unique in the submission, got "a", as body[0] has',
    ],
    [
      'a key that is nowhere',
      [{ key: 'a' }, { dependsOn: ['a', 'c'] }],
      'body[1].dependsOn[1] must be the key of a job of the same submission, got "c"',
    ],
    [
      'a job that waits for itself',
      [{ key: 'a', dependsOn: ['a'] }],
      'body[0].dependsOn must not lead back to the job itself, got "a" → "a"',
    ],
    [
      'jobs that wait for each other',
      [
        { key: 'in' },
        { key: 'x', dependsOn: ['z', 'in'] },
        { key: 'y', dependsOn: ['x'] },
        { key: 'z', dependsOn: ['y'] },
      ],
      'body[1].dependsOn must not lead back to the job itself, got "x" → "z" → "y" → "x"',
    ],
    [
      'a key that is named twice',
      [{ key: 'a' }, { dependsOn: ['a', 'a'] }],
      'body[1].dependsOn must name each once, got ["a","a"]',
    ],
    ['one that is no array', [{ dependsOn: 'a' }], 'body[0].dependsOn must be of type array, got "a"'],
  ])('%s is refused', async (_name, submissions, detail) => {
    const queue = randomName();
    const response = await running.post(
      '/jobs',
      submissions.map((one) => ({ command: 'echo', queue, ...one })),
    );
    expect([response.status, ((await response.json()) as Problem).detail]).toEqual([400, detail]);
    expect((await running.client.jobs({ queue })).jobs).toEqual([]);
  });

  test('one alone can depend on none', async () => {
    const response = await running.post('/jobs', { command: 'echo', dependsOn: ['a'] });
    expect((await response.json()) as Problem).toMatchObject({
      detail: 'body.dependsOn[0] must be the key of a job of the same submission, got "a"',
    });
  });
});

describe('a node is drained', () => {
  test('and resumed, and says what it runs', async () => {
    const queue = randomName();
    const worker = await startWorker(running, { queues: [queue] });
    const { id } = await running.client.submit({ command: 'echo', queue });
    await worker.claim();
    expect(await running.client.drainNode(worker.name)).toMatchObject({ id: worker.name, state: 'draining' });
    await running.client.submit({ command: 'echo', queue });
    expect(await worker.claim(0)).toEqual([]);
    expect(await running.client.node(worker.name)).toMatchObject({ state: 'draining', jobs: [{ id }], jobCount: 1 });
    const waiting = worker.claim(10);
    expect(await running.client.resumeNode(worker.name)).toMatchObject({ state: 'ready' });
    expect(await waiting).toHaveLength(1);
    expect(await ask('/nodes/nobody/drain')).toMatchObject([404, { detail: 'there is no node nobody' }]);
  });
});
