import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Client, isEnded, type Job } from '@weighbridge/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Master, type MasterInfo } from '../../src/master/master.ts';
import { Worker } from '../../src/worker/index.ts';
import { startWorkerProcess, untilGone } from './support/worker-process.ts';

let directory: string;
let master: Master;
let info: MasterInfo;
let client: Client;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weighbridge-test-'));
  master = new Master({ listen: '127.0.0.1:0', metricsListen: '127.0.0.1:0', dataDir: join(directory, 'data') });
  info = await master.start();
  client = new Client({ url: info.apiUrl, token: info.token });
});
afterAll(async () => {
  await master.stop();
  await rm(directory, { recursive: true, force: true });
});

const workerOptions = (name: string) => ({
  master: info.apiUrl,
  token: info.token,
  name,
  queues: [name],
  slots: 1,
  allow: ['sh', 'gzip'],
  workDir: directory,
});

async function withWorker(name: string, use: () => Promise<unknown>): Promise<void> {
  const worker = new Worker(workerOptions(name));
  await worker.start();
  try {
    await use();
  } finally {
    await worker.stop();
  }
}

/** Follows the log, which ends with the job. */
async function untilEnded(id: string): Promise<{ job: Job; log: string }> {
  let log = '';
  for await (const event of client.followLogs(id)) if (event.type === 'chunk') log += event.chunk.text;
  const job = await client.job(id);
  expect(isEnded(job.state)).toBe(true);
  return { job, log };
}

/** The number on the first line of a job's log. */
async function printedPid(id: string): Promise<number> {
  for await (const event of client.followLogs(id)) if (event.type === 'chunk') return Number(event.chunk.text);
  throw new Error('the job has written nothing');
}

describe('a worker of the real master', () => {
  test('brings a file, runs the command, streams its log and sends the result back', () =>
    withWorker('whole', async () => {
      const content = randomBytes(5_000_000);
      const sha256 = createHash('sha256').update(content).digest('hex');
      await client.putBlob(sha256, content.length, new Blob([content]).stream());
      const { id } = await client.submit({
        queue: 'whole',
        command: 'sh',
        args: ['-c', 'echo begins; gzip data; echo ends >&2'],
        files: { inputs: [{ name: 'data', sha256 }], outputs: ['*.gz'] },
      });
      const { job, log } = await untilEnded(id);
      expect(job).toMatchObject({ state: 'succeeded', exitCode: 0, outputs: [{ name: 'data.gz' }] });
      expect(log).toContain('begins\n');
      expect(log).toContain('ends\n');
      const packed = await (await client.download(id, 'data.gz')).bytes();
      expect(createHash('sha256').update(gunzipSync(packed)).digest('hex')).toBe(sha256);
      // What it cost is summed a moment after its last exchange.
      await expect.poll(async () => (await client.job(id)).bytes.in).toBeGreaterThan(packed.length);
      expect((await client.job(id)).bytes.out).toBeGreaterThan(content.length);
    }));

  test('ends a refused job without a retry, and a job that takes too long', () =>
    withWorker('strict', async () => {
      const refused = await client.submit({ queue: 'strict', command: 'rm', args: ['-rf', 'x'], retryLimit: 5 });
      const { job } = await untilEnded(refused.id);
      expect(job).toMatchObject({ state: 'failed', attempts: [{ outcome: 'refused' }] });
      expect(job.reason).toContain('refused');
      const slow = await client.submit({
        queue: 'strict',
        command: 'sh',
        args: ['-c', 'exec sleep 60'],
        timeoutSeconds: 1,
      });
      expect((await untilEnded(slow.id)).job).toMatchObject({ state: 'timed_out' });
    }));

  test('gives a job back when it stops, and another runs it', async () => {
    const way = join(directory, 'way');
    const worker = new Worker(workerOptions('moved'));
    await worker.start();
    const args = ['-c', 'echo $$; test -e "$WAY" || exec sleep 1000'];
    const { id } = await client.submit({ queue: 'moved', command: 'sh', args, retryLimit: 0, env: { WAY: way } });
    const pid = await printedPid(id);
    await worker.stop();
    expect(await client.node('moved')).toMatchObject({ state: 'stopped', slotsUsed: 0 });
    await untilGone([pid], 1000);
    await writeFile(way, '');
    await withWorker('moved', async () => {
      const { state, attempts } = (await untilEnded(id)).job;
      expect({ state, outcomes: attempts.map(({ outcome }) => outcome) }).toEqual({
        state: 'succeeded',
        outcomes: ['released', 'succeeded'],
      });
    });
  });

  test('that is killed with -9 leaves nothing running, and its job runs elsewhere within 3 s', async () => {
    const { worker } = await startWorkerProcess(workerOptions('killed'));
    const args = ['-c', 'sleep 1000 & echo $!; wait'];
    const { id } = await client.submit({ queue: 'killed', command: 'sh', args, retryLimit: 0 });
    const grandchild = await printedPid(id);
    const elsewhere = new Worker({ ...workerOptions('elsewhere'), queues: ['killed'] });
    await elsewhere.start();
    worker.kill('SIGKILL');
    const attempts = async () => (await client.job(id)).attempts.map(({ node, outcome }) => [node, outcome]);
    const moved = [
      ['killed', 'lost'],
      ['elsewhere', undefined],
    ];
    await expect.poll(attempts, { timeout: 3000, interval: 50 }).toEqual(moved);
    await untilGone([grandchild], 1000);
    expect(await client.node('killed')).toMatchObject({ state: 'lost' });
    await elsewhere.stop();
  });

  test('whose name is held is refused unless it takes it over, and then the other ends', async () => {
    const first = new Worker(workerOptions('held'));
    await first.start();
    const args = ['-c', 'test "$WEIGHBRIDGE_ATTEMPT" = "$FIRST" || exec sleep 1000'];
    const { id } = await client.submit({ queue: 'held', command: 'sh', args, lostRetryLimit: 0 });
    await expect.poll(async () => (await client.job(id)).state).toBe('running');
    const other = { ...workerOptions('held'), workDir: join(directory, 'other') };
    await expect(new Worker(other).start()).rejects.toMatchObject({
      failure: {
        code: 'master-refused',
        reason: expect.stringMatching(/holds the name held.*--name.*--take-over/),
      },
    });
    expect((await client.job(id)).state).toBe('running');
    const second = new Worker({ ...other, takeOver: true });
    await second.start();
    expect(await first.ended).toBe('name-taken');
    const outcomes = async () => (await client.job(id)).attempts.map(({ outcome }) => outcome);
    await expect.poll(outcomes).toEqual(['released', undefined]);
    await second.stop();
  });
});
