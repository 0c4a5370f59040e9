import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobFolder } from '../../src/blobs/blob-folder.ts';
import { sweepBlobs } from '../../src/master/blobs/blob-sweep.ts';
import { sha256 } from './harness.ts';

const dayMs = 86_400_000;
let root: string;
let blobs: BlobFolder;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weighbridge-blobs-'));
  blobs = new BlobFolder(root);
  await blobs.start();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const store = (content: string) =>
  blobs.receive(sha256(content), Readable.from([Buffer.from(content)]), { limitBytes: 1000 });
const age = (content: string, ms: number) =>
  utimes(blobs.path(sha256(content)), new Date(Date.now() - ms), new Date(Date.now() - ms));
const inUse = (...contents: string[]) => ({
  inUse: async () => new Set(contents.map((content) => sha256(content))),
});

test('a blob that grows over the limit is refused, its sender not cut off, and nothing left behind', async () => {
  const sender = Readable.from([Buffer.alloc(600), Buffer.alloc(600), Buffer.alloc(600)]);
  await expect(blobs.receive(sha256(''), sender, { limitBytes: 1000 })).rejects.toMatchObject({
    code: 'too-large',
    message: 'a blob must be at most 1000 bytes, got more',
  });
  expect(sender.destroyed).toBe(false);
  expect(await readdir(blobs.incoming)).toEqual([]);
  sender.destroy();
});

test('two who send the same blob at once both succeed', async () => {
  expect(await Promise.all([store('same'), store('same')])).toEqual([4, 4]);
  expect(await blobs.keep(sha256('same'))).toBe(4);
});

test('the sweep removes what is a day old and named by no job, and only that', async () => {
  for (const content of ['old', 'old but used', 'new']) await store(content);
  await age('old', dayMs + 1000);
  await age('old but used', dayMs + 1000);
  await age('new', dayMs - 60_000);
  expect(await sweepBlobs(blobs, inUse('old but used'), Date.now())).toBe(1);
  expect(await blobs.keep(sha256('old'))).toBeUndefined();
  expect(await blobs.keep(sha256('old but used'))).toBe(12);
  expect(await blobs.keep(sha256('new'))).toBe(3);
});

test('a blob that was asked for is kept for another day', async () => {
  await store('asked for');
  await age('asked for', 2 * dayMs);
  await blobs.keep(sha256('asked for'));
  expect(await sweepBlobs(blobs, inUse(), Date.now())).toBe(0);
  expect(await sweepBlobs(blobs, inUse(), Date.now() + dayMs + 1000)).toBe(1);
});
