import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { limits } from '@weighbridge/protocol';
import { expect } from 'vitest';
import { BlobFolder } from '../../src/blobs/blob-folder.ts';
import type { Store } from '../../src/store/index.ts';

const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

export async function withStore<T>(store: Store, work: (store: Store) => Promise<T>): Promise<T> {
  await store.start();
  try {
    return await work(store);
  } finally {
    await store.stop();
  }
}

/** One job that has succeeded with a log and files, one that runs, one that waits. */
export async function fill(store: Store, dataDir: string) {
  const blobs = new BlobFolder(join(dataDir, 'blobs'));
  await blobs.start();
  const keep = async (content: string) => {
    await blobs.receive(sha256(content), Readable.from([Buffer.from(content)]), { limitBytes: limits.blobBytes });
    return sha256(content);
  };
  const inputs = [{ name: 'in', sha256: await keep('the input') }];
  const { session } = await store.nodes.register({ name: 'node', queues: ['default'], slots: 1 });
  const submit = async (more = {}) => {
    const [one] = await store.jobs.submit([{ command: 'echo', args: ['é', '\n'], ...more }]);
    return one?.job.id ?? '';
  };
  const claim = async () => {
    const [one] = (await store.attempts.claim('node', session, { slots: 1 })).claimed;
    return { jobId: one?.attempt.jobId ?? '', attempt: one?.attempt.attempt ?? 0 };
  };
  const done = await submit({ files: { inputs, outputs: ['*'] }, idempotencyKey: 'once' });
  const ref = await claim();
  await store.logs.append({ ...ref, stream: 'stdout', offset: 0, bytes: Buffer.from([0, 255, 10]) });
  await store.attempts.addBytes({ writer: randomUUID(), batch: 1, traffic: [{ ...ref, bytes: { in: 7, out: 8 } }] });
  const outputs = [{ name: 'out', sha256: await keep('the output'), sizeBytes: 10 }];
  await store.attempts.complete(ref, 'node', { session, outcome: 'succeeded', exitCode: 0, outputs });
  const running = await submit({ retryLimit: 1 });
  await claim();
  const waiting = await submit({ startAfter: new Date(Date.now() + 3_600_000).toISOString() });
  return { done, running, waiting };
}

export async function jobsOf(store: Store) {
  const { jobs } = await store.jobs.list({ limit: 100 });
  return Promise.all(jobs.map(({ id }) => store.jobs.find(id)));
}

export async function assertSame(store: Store, dataDir: string, ids: { done: string }, jobs: unknown): Promise<void> {
  expect(await jobsOf(store)).toEqual(jobs);
  const [chunk] = await store.logs.read(ids.done, {}, 10);
  expect(chunk?.bytes).toEqual(Buffer.from([0, 255, 10]));
  const blobs = new BlobFolder(join(dataDir, 'blobs'));
  for (const content of ['the input', 'the output']) expect(await text(blobs.read(sha256(content)))).toBe(content);
  expect(await store.blobs.inUse([sha256('the input'), sha256('the output')])).toHaveProperty('size', 2);
}
