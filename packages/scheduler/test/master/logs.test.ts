import type { LogFilter } from '@weighbridge/protocol';
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
    { sequence: 1, attempt: 1, stream: 'stdout', offset: 0, sizeBytes: 3, text: '5 ' },
    { sequence: 2, attempt: 1, stream: 'stderr', offset: 0, sizeBytes: 3, text: 'oh\n' },
    { sequence: 3, attempt: 1, stream: 'stdout', offset: 3, sizeBytes: 3, text: '€\n' },
  ]);
});

test('a log is followed as it comes, until the job has ended', async () => {
  const { worker, attempt } = await begin();
  const reader = running.client.followLogs(attempt.jobId);
  await append(worker, attempt.jobId, 0, bytes('one\n'));
  expect((await reader.next()).value).toMatchObject({ type: 'chunk', chunk: { text: 'one\n' } });
  const second = reader.next();
  await append(worker, attempt.jobId, 4, bytes('two\n'));
  expect((await second).value).toMatchObject({ chunk: { text: 'two\n', offset: 4 } });
  const end = reader.next();
  await worker.end(attempt, 'succeeded', { exitCode: 0 });
  expect((await end).value).toEqual({ type: 'end', state: 'succeeded' });
  expect((await reader.next()).done).toBe(true);
  // Another reader goes on behind what it has.
  const texts = [];
  for await (const event of running.client.followLogs(attempt.jobId, { after: 1 }))
    texts.push(event.type === 'chunk' ? event.chunk.text : event.state);
  expect(texts).toEqual(['two\n', 'succeeded']);
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

test('a log is had as text, whole or a part of it, with a line where something was left out', async () => {
  const { worker, attempt } = await begin();
  const { jobId } = attempt;
  await append(worker, jobId, 0, bytes('€ head\n'));
  await append(worker, jobId, 0, bytes('oh\n'), 'stderr');
  await append(worker, jobId, 109, bytes('tail\n'));
  const response = await running.client.logText(jobId);
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${jobId}.log"`);
  const omitted = '\n[100 bytes of stdout of attempt 1 were left out here]\n';
  expect(await response.text()).toBe(`€ head\noh\n${omitted}tail\n`);
  const part = async (filter: LogFilter) => (await running.client.logText(jobId, filter)).text();
  expect(await part({ stream: 'stderr' })).toBe('oh\n');
  expect(await part({ after: 2 })).toBe('tail\n');
  expect(await part({ attempt: 1, stream: 'stdout', offset: 4 })).toBe(`head\n${omitted}tail\n`);
  expect(await part({ attempt: 1, stream: 'stdout', offset: 111 })).toBe('il\n');
  expect((await running.client.logs(jobId, { attempt: 1, stream: 'stdout', offset: 111 })).chunks).toMatchObject([
    { offset: 111, sizeBytes: 3, text: 'il\n' },
  ]);
  await expect(part({ offset: 4 })).rejects.toMatchObject({ code: 'invalid-request' });
});

test('HEAD of a stream ends at once', async () => {
  const { attempt } = await begin();
  for (const path of [`/jobs/${attempt.jobId}/logs?follow`, `/jobs/${attempt.jobId}/logs`, '/bandwidth/stream']) {
    const response = await running.call(path, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  }
});
