import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type ReadStream, renameSync, statSync, unlinkSync } from 'node:fs';
import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ProblemError } from '@weighbridge/protocol';

/** Bytes `start` to `end` of a blob, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Asked before a blob is taken, and again as it comes, with the bytes that are known to be yet to come. */
export type Admit = (comingBytes: number) => Promise<void>;

/** Asked again after so many bytes. */
const admitBytes = 16 * 1024 * 1024;
/** What is received is written to all the time; nobody writes to this any more. */
const abandonedMs = 600_000;
/** The disk is full, or this user's part of it. */
const noRoom = new Set(['ENOSPC', 'EDQUOT']);
const folderName = /^[0-9a-f]{2}$/;
export const blobName = /^[0-9a-f]{64}$/;

/** Files named by their SHA-256, in `ROOT/ab/abcd…`; what is being received stands in `ROOT/incoming`. */
export class BlobFolder {
  readonly root: string;
  readonly incoming: string;
  /** Bytes of each folder that was measured. */
  readonly #measured = new Map<string, number>();
  #incomingBytes = 0;

  constructor(root: string) {
    this.root = root;
    this.incoming = join(root, 'incoming');
  }

  async start(): Promise<void> {
    await mkdir(this.incoming, { recursive: true, mode: 0o700 });
    await this.removeAbandoned(Date.now());
  }

  /** What all blobs have, in bytes, as far as they were measured. */
  get keptBytes(): number {
    let sum = 0;
    for (const bytes of this.#measured.values()) sum += bytes;
    return sum;
  }

  /** What has come of blobs that are being received. */
  get incomingBytes(): number {
    return this.#incomingBytes;
  }

  /** Adds up what is there. From then on what comes and goes is added and taken away. */
  async measure(): Promise<void> {
    for (let n = 0; n < 256; n++) {
      const folder = n.toString(16).padStart(2, '0');
      const names = await readdir(join(this.root, folder)).catch(() => []);
      let sum = 0;
      // In one turn, so that nothing comes or goes meanwhile.
      for (const name of names) sum += statSync(join(this.root, folder, name), { throwIfNoEntry: false })?.size ?? 0;
      this.#measured.set(folder, sum);
    }
  }

  /** Removes a blob now. False where there is none. */
  remove(sha256: string): boolean {
    const found = statSync(this.path(sha256), { throwIfNoEntry: false });
    if (!found) return false;
    unlinkSync(this.path(sha256));
    this.#add(sha256, -found.size);
    return true;
  }

  /** Removes what was being received when a master was killed. Gives its number. */
  async removeAbandoned(nowMs: number): Promise<number> {
    let removed = 0;
    for (const name of await readdir(this.incoming)) {
      const path = join(this.incoming, name);
      const found = await stat(path).catch(() => undefined);
      if (!found || found.mtimeMs > nowMs - abandonedMs) continue;
      await rm(path, { force: true });
      removed++;
    }
    return removed;
  }

  /** Folders of blobs. */
  async folders(): Promise<string[]> {
    return (await readdir(this.root)).filter((name) => folderName.test(name));
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
   * Stores what flows in, once its SHA-256 is known to be its name. `admit` may refuse it before it begins, and as it grows.
   *
   * @throws ProblemError `blob-mismatch`, `too-large`, `storage-full`; nothing is left behind then.
   */
  async receive(
    sha256: string,
    content: Readable,
    { limitBytes, sizeBytes: declared = 0, admit }: { limitBytes: number; sizeBytes?: number; admit?: Admit },
  ): Promise<number> {
    await admit?.(declared);
    const draft = join(this.incoming, randomUUID());
    let received = 0;
    let askedAt = 0;
    const onChunk = async (bytes: number) => {
      received += bytes;
      this.#incomingBytes += bytes;
      if (received - askedAt < admitBytes) return;
      askedAt = received;
      await admit?.(Math.max(0, declared - received));
    };
    try {
      const { digest, sizeBytes } = await writeChecked(content, draft, limitBytes, onChunk);
      if (digest !== sha256)
        throw new ProblemError('blob-mismatch', `the blob's name is ${sha256}, but its content's SHA-256 is ${digest}`);
      await this.#place(draft, sha256);
      return sizeBytes;
    } catch (error) {
      throw noRoom.has((error as NodeJS.ErrnoException).code ?? '')
        ? new ProblemError('storage-full', `no room is left for the blob ${sha256}`, { cause: error })
        : error;
    } finally {
      this.#incomingBytes -= received;
      await rm(draft, { force: true });
    }
  }

  async #place(draft: string, sha256: string): Promise<void> {
    const folder = join(this.root, sha256.slice(0, 2));
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    // In one turn: of two that come at once the second replaces the first.
    const { size } = statSync(draft);
    const earlier = statSync(join(folder, sha256), { throwIfNoEntry: false })?.size ?? 0;
    renameSync(draft, join(folder, sha256));
    this.#add(sha256, size - earlier);
    await syncFolder(folder);
    if (made) await syncFolder(this.root);
  }

  /** A folder that was not measured yet will be. */
  #add(sha256: string, bytes: number): void {
    const folder = sha256.slice(0, 2);
    const measured = this.#measured.get(folder);
    if (measured !== undefined) this.#measured.set(folder, measured + bytes);
  }
}

async function writeChecked(
  content: Readable,
  path: string,
  limitBytes: number,
  onChunk: (bytes: number) => Promise<void>,
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
      await onChunk(chunk.length);
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
