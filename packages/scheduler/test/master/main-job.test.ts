import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, sha256, startMaster } from './harness.ts';

let running: Running;
beforeAll(async () => {
  running = await startMaster();
});
afterAll(() => running[Symbol.asyncDispose]());

test('a job goes through submission, claim, logs, output and result, and its file can be downloaded', async () => {
  const input = Buffer.from('weigh me');
  const output = Buffer.from('weighed');
  const worker = running.clientOf('machine-1');
  await running.client.putBlob(sha256(input), input.length, new Blob([input]).stream());
  const session = await worker.register({ name: 'machine-1', queues: ['default'], slots: 2 });

  const job = await running.client.submit({
    command: 'weigh',
    args: ['--all'],
    files: { inputs: [{ name: 'in.txt', sha256: sha256(input) }], outputs: ['*.out'] },
  });
  expect(job).toMatchObject({ state: 'queued', queue: 'default' });

  const { attempts } = await worker.claim(session.id, { session: session.session, slots: 1, waitSeconds: 5 });
  const [attempt] = attempts;
  expect(attempt).toMatchObject({ jobId: job.id, attempt: 1, command: 'weigh', args: ['--all'] });
  const ref = { jobId: job.id, attempt: 1 };
  await worker.appendLog(ref, { stream: 'stdout', offset: 0, bytes: new Uint8Array(Buffer.from('begun\n')) });
  await worker.putBlob(sha256(output), output.length, new Blob([output]).stream(), ref);
  await worker.result(ref, {
    session: session.session,
    outcome: 'succeeded',
    exitCode: 0,
    outputs: [{ name: 'a.out', sha256: sha256(output), sizeBytes: output.length }],
  });

  expect(await running.client.job(job.id)).toMatchObject({ state: 'succeeded', outputs: [{ name: 'a.out' }] });
  expect(await running.client.logs(job.id)).toEqual({
    chunks: [{ sequence: 1, attempt: 1, stream: 'stdout', offset: 0, sizeBytes: 6, text: 'begun\n' }],
  });
  expect(await (await running.client.download(job.id, 'a.out')).text()).toBe('weighed');
});
