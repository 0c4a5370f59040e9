import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import type { PostgresBinaries } from './binaries.ts';
import { environmentOf, type RunAs } from './run-as.ts';

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

/** So long a fast stop may take, and then one at once. What is frozen hears neither. */
const fastStopMs = 1500;
const immediateStopMs = 500;

/** What a server says before it ends by itself. */
function lastFatal(lines: readonly string[]): string | undefined {
  return lines.map((line) => /\b(?:FATAL|PANIC): +(.*)/.exec(line)?.[1]).findLast((reason) => reason !== undefined);
}

// Reads until this process is gone, then ends the server: fast, and at once if that takes too long. Where the socket has
// a folder of its own, it is empty then, and goes too.
const watch = `
read -r _
kill -INT "$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do
  sleep 1
  kill -0 "$1" || { rmdir "$2"; exit 0; }
done
kill -QUIT "$1"
`;

/** One run of the server, and the shell that ends it when this process is gone. */
export class ServerProcess {
  readonly #server: ChildProcess;
  readonly #watcher: ChildProcess;
  #lastLines: string[] = [];
  /** Why it ended; never rejects. */
  readonly ended: Promise<string>;

  private constructor(server: ChildProcess, socketFolder: string) {
    this.#server = server;
    // A group of its own: Ctrl-C in a terminal is for the master, which stops this one last.
    this.#watcher = spawn('sh', ['-c', watch, 'sh', String(server.pid), socketFolder], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#watcher.on('error', () => undefined);
    this.#watcher.stdin?.on('error', () => undefined);
    this.ended = once(server, 'exit').then(([code, signal]) => {
      this.#watcher.kill('SIGKILL');
      // One that was killed said nothing of it.
      const lastWord = code ? lastFatal(this.#lastLines) : undefined;
      return lastWord ?? (signal === null ? `exit code ${code}` : `signal ${signal}`);
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
    const [program = '', ...first] = [...runAs.prefix, binaries.postgres, '-D', await realpath(cluster)];
    const server = spawn(program, [...first, ...options.flatMap(([name, value]) => ['-c', `${name}=${value}`])], {
      cwd: '/',
      detached: true,
      env: environmentOf(binaries),
      stdio: ['ignore', 'ignore', 'pipe'],
      ...runAs.ids,
    });
    if (server.pid === undefined) await once(server, 'spawn');
    const process = new ServerProcess(server, socketFolder);
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

  /** Fast; at once when that takes too long; with -9 when it hears nothing. */
  async stop(): Promise<void> {
    this.#server.kill('SIGINT');
    if (await this.#hasEndedWithin(fastStopMs)) return;
    this.#server.kill('SIGQUIT');
    if (await this.#hasEndedWithin(immediateStopMs)) return;
    this.#server.kill('SIGKILL');
    await this.ended;
  }

  #hasEndedWithin(ms: number): Promise<boolean> {
    return Promise.race([this.ended.then(() => true), setTimeout(ms, false, { ref: false })]);
  }
}
