import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { StartError } from '../../errors.ts';
import { findBinaries, linkLibraries, type PostgresBinaries } from './binaries.ts';
import { ensureCluster, lastLine, refuseForeignData, role, stopLeftover } from './cluster.ts';
import { lockDirectory } from './directory-lock.ts';
import { chooseRunAs, environmentOf, type RunAs } from './run-as.ts';

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
const startTries = 8;
const firstPauseMs = 50;
const longestPauseMs = 5000;
const stopMs = 2500;

const settings = {
  listen_addresses: '',
  max_connections: '40',
  shared_buffers: '32MB',
  // Nothing replicates from it.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Three processes fewer; the load is small writes.
  io_method: 'sync',
  jit: 'off',
  timezone: 'UTC',
  log_min_messages: 'log',
  logging_collector: 'off',
};

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
      throw new StartError(
        'data-unwritable',
        `the store in ${this.#directory} can't be opened: ${(error as Error).message}`,
        { cause: error },
      );
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
    await ensureCluster(this.#cluster, binaries, runAs);
    await stopLeftover(this.#cluster);
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
        if (attempt === startTries) throw error;
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
  const folder = await mkdtemp(join(tmpdir(), 'weighbridge-'));
  await chmod(folder, 0o700);
  if (owner) await chown(folder, owner.uid, owner.gid);
  return folder;
}

async function takeFolder(dataDir: string, directory: string): Promise<() => Promise<void>> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return await lockDirectory(`${directory}.lock`, dataDir);
  } catch (error) {
    if (error instanceof StartError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      'data-unwritable',
      `the data folder ${dataDir} can't be written (${code}); pass another --data`,
      { cause: error },
    );
  }
}

// Reads until this process is gone, then ends the server: fast, and at once if that takes too long.
const watch = `
read -r _
kill -INT "$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 "$1" || exit 0; done
kill -QUIT "$1"
`;

/** One run of the server, and the shell that ends it when this process is gone. */
class ServerProcess {
  readonly #server: ChildProcess;
  readonly #watcher: ChildProcess;
  #lastLines: string[] = [];
  /** Why it ended; never rejects. */
  readonly ended: Promise<string>;

  private constructor(server: ChildProcess) {
    this.#server = server;
    // A group of its own: Ctrl-C in a terminal is for the master, which stops this one last.
    this.#watcher = spawn('sh', ['-c', watch, 'sh', String(server.pid)], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#watcher.on('error', () => undefined);
    this.#watcher.stdin?.on('error', () => undefined);
    this.ended = once(server, 'exit').then(([code, signal]) => {
      this.#watcher.kill('SIGKILL');
      return lastLine(this.#lastLines.join('\n')) ?? `exit code ${code ?? signal}`;
    });
  }

  /** Resolves when it takes connections; rejects with its last word when it ended before. */
  static async start(
    binaries: PostgresBinaries,
    runAs: RunAs,
    cluster: string,
    socketFolder: string,
  ): Promise<ServerProcess> {
    const options = Object.entries({
      ...settings,
      unix_socket_directories: socketFolder,
      unix_socket_permissions: '0700',
    });
    const [program = '', ...first] = [...runAs.prefix, binaries.postgres, '-D', cluster];
    const server = spawn(program, [...first, ...options.flatMap(([name, value]) => ['-c', `${name}=${value}`])], {
      cwd: '/',
      detached: true,
      env: environmentOf(binaries),
      stdio: ['ignore', 'ignore', 'pipe'],
      ...runAs.ids,
    });
    if (server.pid === undefined) await once(server, 'spawn');
    const process = new ServerProcess(server);
    await Promise.race([process.#ready(), process.ended.then((reason) => Promise.reject(new Error(reason)))]);
    return process;
  }

  async #ready(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const lines = createInterface({ input: this.#server.stderr as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      this.#lastLines = [...this.#lastLines.slice(-9), line];
      if (line.includes('ready to accept connections')) resolve();
    });
    return promise;
  }

  /** Fast; at once when sessions hold it up. */
  async stop(): Promise<void> {
    this.#server.kill('SIGINT');
    const isLate = await Promise.race([this.ended.then(() => false), setTimeout(stopMs, true, { ref: false })]);
    if (isLate) this.#server.kill('SIGQUIT');
    await this.ended;
  }
}
