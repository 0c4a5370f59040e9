import { statfs } from 'node:fs/promises';
import { ProblemError } from '@weighbridge/protocol';
import type { BlobFolder } from '../../blobs/blob-folder.ts';

export interface StorageLimits {
  readonly dataDir: string;
  /** Bytes of the disk that stay free. */
  readonly reserveBytes: number;
  /** What all blobs may have together, in bytes. */
  readonly maxBlobBytes: number | undefined;
}

const lookMs = 1000;

/**
 * Keeps a part of the data folder's disk free, so that the store, which lies there too, never meets a full one: below the
 * reserve nothing is taken that could be sent again later. Heartbeats and results always are.
 */
export class StorageGuard {
  readonly #limits: StorageLimits;
  readonly #blobs: Pick<BlobFolder, 'keptBytes' | 'incomingBytes'>;
  #freeBytes: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: StorageLimits, blobs: Pick<BlobFolder, 'keptBytes' | 'incomingBytes'>) {
    this.#limits = limits;
    this.#blobs = blobs;
  }

  async start(): Promise<void> {
    await this.#look();
    this.#timer = setInterval(() => void this.#look(), lookMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Of the data folder's disk, for this user, as of a second ago; `undefined` where the system doesn't tell. */
  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  get reserveBytes(): number {
    return this.#limits.reserveBytes;
  }

  get isFull(): boolean {
    return this.#freeBytes !== undefined && this.#freeBytes < this.#limits.reserveBytes;
  }

  /** @throws ProblemError `storage-full` while less than the reserve is free. */
  requireRoom(): void {
    if (this.isFull) throw this.#full(0);
  }

  /**
   * Looks at the disk now, for a blob of which so many bytes are yet to come.
   *
   * @throws ProblemError `storage-full`
   */
  async requireRoomForBlob(bytes: number): Promise<void> {
    await this.#look();
    if (this.#freeBytes !== undefined && this.#freeBytes - bytes < this.#limits.reserveBytes) throw this.#full(bytes);
    const { maxBlobBytes } = this.#limits;
    const { keptBytes, incomingBytes } = this.#blobs;
    if (maxBlobBytes === undefined || keptBytes + incomingBytes + bytes <= maxBlobBytes) return;
    throw new ProblemError(
      'storage-full',
      `all blobs may have at most ${maxBlobBytes} bytes (--max-blobs): ${keptBytes + incomingBytes} are there, and ${bytes} would come`,
    );
  }

  #full(bytes: number): ProblemError {
    const coming = bytes === 0 ? '' : `, and ${bytes} would come`;
    return new ProblemError(
      'storage-full',
      `the disk of ${this.#limits.dataDir} has ${this.#freeBytes} bytes free${coming}, and ${this.#limits.reserveBytes} are kept in reserve (--reserve): free some`,
    );
  }

  async #look(): Promise<void> {
    const disk = await statfs(this.#limits.dataDir).catch(() => undefined);
    this.#freeBytes = disk && disk.bavail * disk.bsize;
  }
}
