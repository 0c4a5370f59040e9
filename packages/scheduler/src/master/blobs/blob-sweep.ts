import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlobFolder, blobName } from '../../blobs/blob-folder.ts';
import type { BlobIndex } from '../../store/store.ts';

const dayMs = 86_400_000;
const batchCount = 500;

/** Removes blobs that no kept job names, once they are a day old, and what is left of uploads that broke off. */
export async function sweepBlobs(blobs: BlobFolder, index: BlobIndex, nowMs: number): Promise<number> {
  let removed = await blobs.removeAbandoned(nowMs);
  for (const folder of await blobs.folders()) removed += await sweepFolder(blobs, index, folder, nowMs - dayMs);
  return removed;
}

async function sweepFolder(blobs: BlobFolder, index: BlobIndex, folder: string, olderThanMs: number): Promise<number> {
  const names = await readdir(join(blobs.root, folder));
  const old = names.filter((name) => blobName.test(name) && isOlder(blobs.path(name), olderThanMs));
  let removed = 0;
  for (let i = 0; i < old.length; i += batchCount) {
    const batch = old.slice(i, i + batchCount);
    const inUse = await index.inUse(batch);
    // Looked at again in the same turn: a submission may just have asked to keep it.
    for (const name of batch)
      if (!inUse.has(name) && isOlder(blobs.path(name), olderThanMs) && blobs.remove(name)) removed++;
  }
  return removed;
}

function isOlder(path: string, thanMs: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.mtimeMs < thanMs;
}
