import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ProblemError } from '@weighbridge/protocol';

/** Bytes `start` to `end` of a blob, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Files named by their SHA-256, in `ROOT/ab/abcd…`; what is being received stands in `ROOT/incoming`. */
export class BlobFolder {
  readonly root: string;
  readonly incoming: string;

  constructor(root: string) {
    this.root = root;
    this.incoming = join(root, 'incoming');
  }

  async start(): Promise<void> {
    await mkdir(this.incoming, { recursive: true, mode: 0o700 });
  }

  path(sha256: string): string {
    return join(this.root, sha256.slice(0, 2), sha256);
  }

  /** Its size in bytes, or `undefined` where it isn't stored. Keeps it for another day. */
  async keep(sha256: string): Promise<number | undefined> {
    const now = new Date();
    try {
      await utimes(this.path(sha256), now, now);
      return (await stat(this.path(sha256))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  read(sha256: string, range?: ByteRange): ReadStream {
    return createReadStream(this.path(sha256), range);
  }

  /**
   * Stores what flows in, once its SHA-256 is known to be its name.
   *
   * @throws ProblemError `blob-mismatch`, `too-large`, `storage-full`; nothing is left behind then.
   */
  async receive(sha256: string, content: Readable, limitBytes: number): Promise<number> {
    const draft = join(this.incoming, randomUUID());
    try {
      const { digest, sizeBytes } = await writeChecked(content, draft, limitBytes);
      if (digest !== sha256)
        throw new ProblemError('blob-mismatch', `the blob's name is ${sha256}, but its content's SHA-256 is ${digest}`);
      await this.#place(draft, sha256);
      return sizeBytes;
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOSPC'
        ? new ProblemError('storage-full', `no room is left for the blob ${sha256}`, { cause: error })
        : error;
    } finally {
      await rm(draft, { force: true });
    }
  }

  async #place(draft: string, sha256: string): Promise<void> {
    const folder = join(this.root, sha256.slice(0, 2));
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(draft, join(folder, sha256));
    await syncFolder(folder);
    if (made) await syncFolder(this.root);
  }
}

async function writeChecked(
  content: Readable,
  path: string,
  limitBytes: number,
): Promise<{ digest: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  async function* check(): AsyncGenerator<Buffer> {
    // Destroying a request would cut its connection before the refusal is sent.
    for await (const chunk of content.iterator({ destroyOnReturn: false })) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) {
        throw new ProblemError('too-large', `a blob must be at most ${limitBytes} bytes, got more`);
      }
      hash.update(chunk);
      yield chunk;
    }
  }
  // Opened first: a stream that opens its file by itself may do so after a refusal, and after the draft was removed.
  const file = await open(path, 'wx', 0o600);
  // `flush`: on the disk before it gets its name.
  await pipeline(check, file.createWriteStream({ flush: true }));
  return { digest: hash.digest('hex'), sizeBytes };
}

// A rename survives a power cut only once its folder is on the disk.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
