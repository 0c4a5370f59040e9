import { createHash, randomUUID } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AttemptError } from '../../src/worker/attempt-error.ts';
import { BlobCache, type BlobCacheOptions } from '../../src/worker/blob-cache.ts';

const attempt = { jobId: randomUUID(), attempt: 1 };
const never = new AbortController().signal;
const shaOf = (content: string) => createHash('sha256').update(content).digest('hex');
const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(100)) as [string, string, string];

let root: string;
let fetches: string[];
let contents: Map<string, string>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weighbridge-test-'));
  await mkdir(join(root, 'targets'));
  fetches = [];
  contents = new Map([a, b, c].map((content) => [shaOf(content), content]));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function openCache(maxBytes: number, fetch: BlobCacheOptions['fetch'] = fetchContent): Promise<BlobCache> {
  const cache = new BlobCache({ directory: join(root, 'blobs'), maxBytes, fetch });
  await cache.open();
  return cache;
}

async function fetchContent(sha256: string): Promise<Response> {
  fetches.push(sha256);
  return new Response(contents.get(sha256) ?? '');
}

/** Where a copy of the blob is put. */
async function copy(cache: BlobCache, content: string, signal = never): Promise<string> {
  const target = join(root, 'targets', randomUUID());
  await cache.copyTo(shaOf(content), target, attempt, signal);
  return target;
}

describe('the cache of inputs', () => {
  test('fetches a blob once and gives each asker a file of its own', async () => {
    const cache = await openCache(1000);
    const [first, second] = await Promise.all([copy(cache, a), copy(cache, a)]);
    await appendFile(first, 'altered by a job');
    expect(await readFile(second, 'utf8')).toBe(a);
    expect(await readFile(await copy(cache, a), 'utf8')).toBe(a);
    expect(fetches).toEqual([shaOf(a)]);
    expect((await stat(second)).nlink).toBe(1);
  });

  test('evicts what was unused the longest', async () => {
    const cache = await openCache(200);
    await copy(cache, a);
    await copy(cache, b);
    await copy(cache, a);
    await copy(cache, c);
    expect([a, b, c].map((content) => cache.has(shaOf(content)))).toEqual([true, false, true]);
    expect(cache.sizeBytes).toBe(200);
    expect((await readdir(join(root, 'blobs'))).sort()).toEqual([shaOf(a), shaOf(c)].sort());
  });

  test('keeps nothing larger than its bound, and evicts nothing for it', async () => {
    const cache = await openCache(250);
    await copy(cache, a);
    const large = 'x'.repeat(251);
    contents.set(shaOf(large), large);
    expect(await readFile(await copy(cache, large), 'utf8')).toBe(large);
    expect(await readdir(join(root, 'blobs'))).toEqual([shaOf(a)]);
  });

  test('takes over what an earlier run kept, within its bound, and removes halves', async () => {
    const earlier = await openCache(1000);
    await copy(earlier, a);
    await copy(earlier, b);
    await appendFile(join(root, 'blobs', `${shaOf(c)}.1`), 'half');
    const cache = await openCache(100);
    expect(cache.sizeBytes).toBe(100);
    expect(await readdir(join(root, 'blobs'))).toHaveLength(1);
  });

  test('refuses a content that is not its name, and keeps none of it', async () => {
    const cache = await openCache(1000, async () => new Response('something else'));
    await expect(copy(cache, a)).rejects.toThrow(AttemptError);
    expect(await readdir(join(root, 'blobs'))).toEqual([]);
    expect(await readdir(join(root, 'targets'))).toEqual([]);
  });

  test('goes on fetching for the others when one asker leaves, and stops with the last', async () => {
    const fetched = Promise.withResolvers<AbortSignal>();
    const answer = Promise.withResolvers<Response>();
    const cache = await openCache(1000, (_sha256, _attempt, signal) => {
      fetched.resolve(signal);
      signal.addEventListener('abort', () => answer.reject(signal.reason));
      return answer.promise;
    });
    const [one, two] = [new AbortController(), new AbortController()];
    const first = copy(cache, a, one.signal);
    const second = copy(cache, a, two.signal);
    const signal = await fetched.promise;
    one.abort(new Error('one leaves'));
    await expect(first).rejects.toThrow('one leaves');
    expect(signal.aborted).toBe(false);
    two.abort(new Error('two leaves'));
    await expect(second).rejects.toThrow('two leaves');
    expect(signal.aborted).toBe(true);
  });
});
