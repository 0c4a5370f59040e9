import { createHash } from 'node:crypto';
import { constants, createWriteStream, renameSync, rmSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { AttemptRef } from '@weighbridge/protocol';
import { untilAnswered } from './answered.ts';
import { AttemptError } from './attempt-error.ts';

export interface BlobCacheOptions {
  directory: string;
  /** What is kept when no one uses it; a larger blob is deleted after its use. */
  maxBytes: number;
  fetch: (sha256: string, attempt: AttemptRef, signal: AbortSignal) => Promise<Response>;
}

interface Entry {
  readonly path: string;
  sizeBytes: number;
  /** How many use it now: it is not evicted meanwhile. */
  pins: number;
  ready: Promise<void>;
  settled: boolean;
  readonly abort: AbortController;
}

const blobName = /^[0-9a-f]{64}$/;

/** Inputs by content: each is fetched once, checked, kept while there is room, the longest unused evicted first. */
export class BlobCache {
  readonly #options: BlobCacheOptions;
  /** Longest unused first. */
  readonly #entries = new Map<string, Entry>();
  #partials = 0;

  constructor(options: BlobCacheOptions) {
    this.#options = options;
  }

  /** Takes over what an earlier run kept. */
  async open(): Promise<void> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const kept = [];
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      if (blobName.test(name)) kept.push({ name, path, file: await stat(path) });
      else await rm(path, { recursive: true, force: true });
    }
    kept.sort((a, b) => a.file.mtimeMs - b.file.mtimeMs);
    for (const { name, path, file } of kept) this.#entries.set(name, keptEntry(path, file.size));
    this.#evict();
  }

  /** Bytes of what is kept, without those under way. */
  get sizeBytes(): number {
    let sum = 0;
    for (const { sizeBytes } of this.#entries.values()) if (!this.#isOversize(sizeBytes)) sum += sizeBytes;
    return sum;
  }

  has(sha256: string): boolean {
    return this.#entries.get(sha256)?.settled ?? false;
  }

  /** Makes `target` a file of its own with the blob's content. */
  async copyTo(sha256: string, target: string, attempt: AttemptRef, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const entry = this.#pin(sha256, attempt);
    try {
      await orAborted(entry.ready, signal);
      // Never a hard link: a job may write to its input.
      await copyFile(entry.path, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    } finally {
      this.#unpin(sha256, entry);
    }
  }

  #pin(sha256: string, attempt: AttemptRef): Entry {
    const entry = this.#entries.get(sha256) ?? this.#fetched(sha256, attempt);
    entry.pins++;
    this.#entries.delete(sha256);
    this.#entries.set(sha256, entry);
    // For the order after a restart; a cache without it works as well.
    if (entry.settled) utimes(entry.path, new Date(), new Date()).catch(() => {});
    return entry;
  }

  #unpin(sha256: string, entry: Entry): void {
    entry.pins--;
    if (entry.pins > 0) return;
    if (!entry.settled) {
      entry.abort.abort();
      this.#forget(sha256, entry);
    }
    this.#evict();
  }

  #fetched(sha256: string, attempt: AttemptRef): Entry {
    const path = join(this.#options.directory, sha256);
    const entry: Entry = {
      path,
      sizeBytes: 0,
      pins: 0,
      settled: false,
      ready: Promise.resolve(),
      abort: new AbortController(),
    };
    entry.ready = this.#fetch(sha256, entry, attempt).catch((error) => {
      this.#forget(sha256, entry);
      throw error;
    });
    entry.ready.catch(() => {}); // Those who wait for it hear of it.
    return entry;
  }

  async #fetch(sha256: string, entry: Entry, attempt: AttemptRef): Promise<void> {
    const { signal } = entry.abort;
    const partial = `${entry.path}.${++this.#partials}`;
    try {
      const sizeBytes = await untilAnswered(() => this.#download(sha256, partial, attempt, signal), signal);
      signal.throwIfAborted();
      // Synchronous, so that no one gives the blob up between its coming to be and its being counted.
      renameSync(partial, entry.path);
      entry.sizeBytes = sizeBytes;
      entry.settled = true;
      this.#evict();
    } finally {
      await rm(partial, { force: true });
    }
  }

  async #download(sha256: string, path: string, attempt: AttemptRef, signal: AbortSignal): Promise<number> {
    const response = await this.#options.fetch(sha256, attempt, signal);
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const body = Readable.fromWeb((response.body ?? new Blob([]).stream()) as ReadableStream<Uint8Array>);
    async function* hashed(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    }
    // Flushed, because after a power cut a name in the cache must still mean its content.
    await pipeline(body, hashed, createWriteStream(path, { mode: 0o600, flush: true }), { signal });
    const digest = hash.digest('hex');
    if (digest !== sha256) throw new AttemptError(`the blob ${sha256} came with another content, SHA-256 ${digest}`);
    return sizeBytes;
  }

  #isOversize(sizeBytes: number): boolean {
    return sizeBytes > this.#options.maxBytes;
  }

  #evict(): void {
    let excess = this.sizeBytes - this.#options.maxBytes;
    for (const [sha256, entry] of this.#entries) {
      if (entry.pins > 0 || !entry.settled) continue;
      const oversize = this.#isOversize(entry.sizeBytes);
      if (!oversize && excess <= 0) continue;
      if (!oversize) excess -= entry.sizeBytes;
      this.#forget(sha256, entry);
      // At once: a fetch of the same blob may begin in the next turn.
      rmSync(entry.path, { force: true });
    }
  }

  #forget(sha256: string, entry: Entry): void {
    if (this.#entries.get(sha256) === entry) this.#entries.delete(sha256);
  }
}

function keptEntry(path: string, sizeBytes: number): Entry {
  return { path, sizeBytes, pins: 0, settled: true, ready: Promise.resolve(), abort: new AbortController() };
}

async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
