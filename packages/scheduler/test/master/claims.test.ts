import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, randomName, sample, startMaster } from './harness.ts';
import { startWorker } from './worker-side.ts';

let running: Running;
beforeAll(async () => {
  running = await startMaster();
});
afterAll(() => running[Symbol.asyncDispose]());

const claimsSeen = (outcome: string) => async () =>
  sample(await running.scrape(), `scheduler_claims_total{outcome="${outcome}"}`);
const inFlight = async () => (await running.client.bandwidth()).inFlight;

test('a waiting claim is woken by the job that it waits for', async () => {
  const queue = randomName();
  const worker = await startWorker(running, { queues: [queue] });
  const claim = worker.claim(25);
  await expect.poll(inFlight).toBe(2);
  const submittedMs = performance.now();
  const job = await running.client.submit({ queue, command: 'echo' });
  const [attempt] = await claim;
  expect(attempt?.jobId).toBe(job.id);
  // Far below the 25 s of the wait: woken, not timed out.
  expect(performance.now() - submittedMs).toBeLessThan(10_000);
});

test('an empty claim is answered when its wait is over', async () => {
  const worker = await startWorker(running, { queues: [randomName()] });
  const before = (await claimsSeen('empty')()) ?? 0;
  expect(await worker.claim(0)).toEqual([]);
  expect(await worker.claim(0.1)).toEqual([]);
  expect(await claimsSeen('empty')()).toBe(before + 2);
});

test('of many waiting workers each gets one of as many jobs', async () => {
  const queue = randomName();
  const workers = await Promise.all(Array.from({ length: 5 }, () => startWorker(running, { queues: [queue] })));
  const claims = workers.map((worker) => worker.claim(20));
  await expect.poll(inFlight).toBe(6);
  const jobs = await Promise.all(workers.map(() => running.client.submit({ queue, command: 'echo' })));
  const claimed = (await Promise.all(claims)).flat().map(({ jobId }) => jobId);
  expect(claimed.sort()).toEqual(jobs.map(({ id }) => id).sort());
});

test('a job too big for the first waiting worker goes to the next that has room', async () => {
  const queue = randomName();
  const small = await startWorker(running, { queues: [queue], slots: 8 });
  const big = await startWorker(running, { queues: [queue], slots: 8 });
  const gaveUp = new AbortController();
  const refused = small.claim(20, 1, gaveUp.signal).catch(() => 'gave up');
  await expect.poll(inFlight).toBe(2);
  const taken = big.claim(20, 8);
  await expect.poll(inFlight).toBe(3);
  const job = await running.client.submit({ queue, command: 'echo', slots: 8 });
  expect((await taken).map(({ jobId }) => jobId)).toEqual([job.id]);
  gaveUp.abort();
  expect(await refused).toBe('gave up');
});

test('a newer claim of the same node answers the older one', async () => {
  const worker = await startWorker(running, { queues: [randomName()] });
  const older = worker.claim(25);
  await expect.poll(inFlight).toBe(2);
  const newer = worker.claim(0.2);
  expect(await older).toEqual([]);
  expect(await newer).toEqual([]);
});

test('what a worker that has left would have got goes to another, and costs no retry', async () => {
  const queue = randomName();
  const leaving = await startWorker(running, { queues: [queue] });
  const leave = new AbortController();
  const left = leaving.claim(25, 1, leave.signal).catch(() => 'left');
  await expect.poll(inFlight).toBe(2);
  leave.abort();
  expect(await left).toBe('left');
  // The master has to hear of it first: what is written to a socket whose end is on its way counts as delivered.
  await expect.poll(inFlight).toBe(1);
  const job = await running.client.submit({ queue, command: 'echo', retryLimit: 0 });
  const staying = await startWorker(running, { queues: [queue] });
  expect((await staying.claim(10)).map(({ jobId }) => jobId)).toEqual([job.id]);
});

test('a heartbeat says which attempts to end', async () => {
  const worker = await startWorker(running, { queues: [randomName()] });
  const ref = { jobId: '00000000-0000-4000-8000-000000000000', attempt: 1 };
  const reply = await worker.client.heartbeat(worker.name, { session: worker.session, attempts: [ref] });
  expect(reply).toEqual({ end: [ref] });
});
