import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { StartError } from '../../errors.ts';
import { lockDirectory } from '../../folders/directory-lock.ts';
import { makeFolder } from '../../folders/make-folder.ts';
import { findBinaries, linkLibraries, type PostgresBinaries } from './binaries.ts';
import { ensureCluster, refuseForeignData, role, stopLeftover } from './cluster.ts';
import { chooseRunAs, type RunAs } from './run-as.ts';
import { ServerProcess } from './server-process.ts';

export interface EmbeddedServerOptions {
  /** The data folder. The database lies in `<dataDir>/store`, its lock file is `<dataDir>/store.lock`. */
  dataDir: string;
  /** Told when the server has ended by itself; it is started again. */
  onError: (error: unknown) => void;
}

/** Longer paths don't fit into a Unix socket's address everywhere: macOS takes 103 bytes. */
const longestSocketPath = 100;
const socketName = '.s.PGSQL.5432';

/** A server that was killed leaves processes that end a moment later, and a new one must wait for them. */
const isStillInUse = (error: unknown) => /shared memory|lock file|still in use/.test((error as Error).message);
const startTries = 8;
const firstPauseMs = 50;
const longestPauseMs = 5000;

/**
 * PostgreSQL as a child process on a Unix socket, durable, without TCP. It ends with this process, however that ends.
 *
 * @example
 * const server = new EmbeddedServer({ dataDir: './data', onError: console.error });
 * const url = await server.start();
 */
export class EmbeddedServer {
  readonly #dataDir: string;
  readonly #directory: string;
  readonly #cluster: string;
  readonly #onError: (error: unknown) => void;
  #unlock: (() => Promise<void>) | undefined;
  #socketFolder = '';
  #process: ServerProcess | undefined;
  readonly #stopping = new AbortController();
  #reviving: Promise<void> | undefined;

  constructor({ dataDir, onError }: EmbeddedServerOptions) {
    this.#dataDir = dataDir;
    this.#directory = storeFolder(dataDir);
    this.#cluster = clusterFolder(dataDir);
    this.#onError = onError;
  }

  /**
   * Starts it and gives the URL of its one database.
   *
   * @throws StartError `data-locked`, `data-unwritable`, `data-foreign` or `store-unsupported`. Nothing is left running.
   */
  async start(): Promise<string> {
    try {
      const found = findBinaries();
      this.#unlock = await takeFolder(this.#dataDir, this.#directory);
      await refuseForeignData(this.#directory);
      const binaries = await linkLibraries(found, join(this.#directory, 'lib'));
      const runAs = await chooseRunAs({ binaries, dataDir: this.#dataDir, directory: this.#directory });
      await this.#open(binaries, runAs);
      return socketUrl(this.#socketFolder);
    } catch (error) {
      await this.stop();
      if (error instanceof StartError) throw error;
      const reason = (error as Error).message;
      throw new StartError({ code: 'store-broken', path: this.#directory, reason }, { cause: error });
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#reviving;
    await this.#process?.stop();
    if (this.#socketFolder !== '' && this.#socketFolder !== this.#directory)
      await rm(this.#socketFolder, { recursive: true, force: true });
    await this.#unlock?.();
    this.#unlock = undefined;
  }

  async #open(binaries: PostgresBinaries, runAs: RunAs): Promise<void> {
    await stopLeftover(this.#cluster);
    await ensureCluster(this.#directory, binaries, runAs);
    this.#socketFolder = await makeSocketFolder(this.#directory, runAs);
    const start = () => ServerProcess.start(binaries, runAs, this.#cluster, this.#socketFolder);
    await this.#startPatiently(start);
  }

  async #startPatiently(start: () => Promise<ServerProcess>): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        this.#process = await start();
        void this.#process.ended.then((reason) => this.#hasEnded(reason, start));
        return;
      } catch (error) {
        if (attempt === startTries || !isStillInUse(error)) throw error;
        const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt);
        await setTimeout(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #hasEnded(reason: string, start: () => Promise<ServerProcess>): void {
    if (this.#stopping.signal.aborted) return;
    this.#onError(new Error(`the embedded PostgreSQL has ended (${reason}) and is started again`));
    this.#reviving = this.#revive(start);
  }

  async #revive(start: () => Promise<ServerProcess>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#startPatiently(start);
        return;
      } catch (error) {
        this.#onError(error);
        await setTimeout(longestPauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
  }
}

const storeFolder = (dataDir: string) => join(dataDir, 'store');
export const clusterFolder = (dataDir: string) => join(storeFolder(dataDir), 'cluster');

/** The URL of the database behind the Unix socket in a folder, as libpq and its like read it. */
export function socketUrl(socketFolder: string): string {
  return `postgresql://${role}@/postgres?host=${encodeURIComponent(socketFolder)}`;
}

async function makeSocketFolder(directory: string, { owner }: RunAs): Promise<string> {
  if (Buffer.byteLength(join(directory, socketName)) <= longestSocketPath) return directory;
  // Its mode is 0700.
  const folder = await mkdtemp(join(tmpdir(), 'weighbridge-'));
  if (owner) await chown(folder, owner.uid, owner.gid);
  return folder;
}

async function takeFolder(dataDir: string, directory: string): Promise<() => Promise<void>> {
  try {
    await makeFolder(directory);
    return await lockDirectory(`${directory}.lock`, { option: 'dataDir', path: dataDir });
  } catch (error) {
    if (error instanceof StartError) throw error;
    const reason = String((error as NodeJS.ErrnoException).code);
    throw new StartError({ code: 'data-unwritable', option: 'dataDir', path: dataDir, reason }, { cause: error });
  }
}
