import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, randomName, startMaster } from './harness.ts';
import { startWorker, type TestWorker } from './worker-side.ts';

let running: Running;
beforeAll(async () => {
  running = await startMaster();
});
afterAll(() => running[Symbol.asyncDispose]());

async function begin() {
  const queue = randomName();
  const worker = await startWorker(running, { queues: [queue] });
  await running.client.submit({ queue, command: 'echo' });
  const [attempt] = await worker.claim();
  if (!attempt) throw new Error('nothing claimed');
  return { worker, attempt };
}

const append = (
  worker: TestWorker,
  jobId: string,
  offset: number,
  content: Uint8Array<ArrayBuffer>,
  stream: 'stdout' | 'stderr' = 'stdout',
) => worker.client.appendLog({ jobId, attempt: 1 }, { stream, offset, bytes: content });
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

test('a repeated chunk is not doubled, and a character that two chunks share comes whole', async () => {
  const { worker, attempt } = await begin();
  const euro = bytes('5 €\n');
  await append(worker, attempt.jobId, 0, euro.slice(0, 3));
  await append(worker, attempt.jobId, 0, euro.slice(0, 3));
  await append(worker, attempt.jobId, 0, bytes('oh\n'), 'stderr');
  await append(worker, attempt.jobId, 3, euro.slice(3));
  const { chunks } = await running.client.logs(attempt.jobId);
  expect(chunks).toEqual([
    { attempt: 1, stream: 'stdout', offset: 0, text: '5 ' },
    { attempt: 1, stream: 'stderr', offset: 0, text: 'oh\n' },
    { attempt: 1, stream: 'stdout', offset: 3, text: '€\n' },
  ]);
});

test('a log is followed as it comes, until the job has ended', async () => {
  const { worker, attempt } = await begin();
  const reader = running.client.followLogs(attempt.jobId);
  await append(worker, attempt.jobId, 0, bytes('one\n'));
  expect((await reader.next()).value).toMatchObject({ text: 'one\n' });
  const second = reader.next();
  await append(worker, attempt.jobId, 4, bytes('two\n'));
  expect((await second).value).toMatchObject({ text: 'two\n', offset: 4 });
  const end = reader.next();
  await worker.end(attempt, 'succeeded', { exitCode: 0 });
  expect(await end).toEqual({ done: true, value: undefined });
});

test('following the log of a job that has ended sends all of it, and the state it ended in', async () => {
  const { worker, attempt } = await begin();
  for (let i = 0; i < 70; i++) await append(worker, attempt.jobId, 2 * i, bytes('x\n'));
  await worker.end(attempt, 'failed', { exitCode: 2 });
  const response = await running.call(`/jobs/${attempt.jobId}/logs?follow`);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const events = (await response.text()).split('\n\n').filter((event) => event !== '');
  expect(events).toHaveLength(71);
  expect(events.at(-1)).toBe('event: end\ndata: {"state":"failed"}');
  expect((await running.client.logs(attempt.jobId)).chunks).toHaveLength(70);
});

test('HEAD of a stream ends at once', async () => {
  const { attempt } = await begin();
  for (const path of [`/jobs/${attempt.jobId}/logs?follow`, `/jobs/${attempt.jobId}/logs`, '/bandwidth/stream']) {
    const response = await running.call(path, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  }
});
