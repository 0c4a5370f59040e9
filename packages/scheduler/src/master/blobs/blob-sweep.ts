import { statSync, unlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobFolder } from '../../blobs/blob-folder.ts';
import type { BlobIndex } from '../../store/store.ts';

const dayMs = 86_400_000;
const batchCount = 500;

/** Removes blobs that no kept job names and drafts of uploads that broke off, once they are a day old. */
export async function sweepBlobs(blobs: BlobFolder, index: BlobIndex, nowMs: number): Promise<number> {
  const olderThanMs = nowMs - dayMs;
  let removed = 0;
  for (const name of await readdir(blobs.incoming)) removed += removeOlder(join(blobs.incoming, name), olderThanMs);
  for (const folder of await readdir(blobs.root)) {
    if (/^[0-9a-f]{2}$/.test(folder)) removed += await sweepFolder(blobs, index, folder, olderThanMs);
  }
  return removed;
}

async function sweepFolder(blobs: BlobFolder, index: BlobIndex, folder: string, olderThanMs: number): Promise<number> {
  const names = await readdir(join(blobs.root, folder));
  const old = names.filter((name) => /^[0-9a-f]{64}$/.test(name) && isOlder(blobs.path(name), olderThanMs));
  let removed = 0;
  for (let i = 0; i < old.length; i += batchCount) {
    const batch = old.slice(i, i + batchCount);
    const inUse = await index.inUse(batch);
    for (const name of batch) if (!inUse.has(name)) removed += removeOlder(blobs.path(name), olderThanMs);
  }
  return removed;
}

function isOlder(path: string, thanMs: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.mtimeMs < thanMs;
}

// Looked at again in the same turn: a submission may just have asked to keep it.
function removeOlder(path: string, thanMs: number): number {
  if (!isOlder(path, thanMs)) return 0;
  unlinkSync(path);
  return 1;
}
