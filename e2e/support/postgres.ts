import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { lacks } from './needs.ts';

const run = promisify(execFile);
const installation = 'apt-get install postgresql';

/** A PostgreSQL server of a test's own. */
export interface PostgresServer {
  /** `postgres://…` of its one database. */
  url: string;
  port: number;
  /** Of its postmaster. */
  readonly pid: number;
  /** Ends it; then {@link start} may be called. Default: `-m immediate`; SIGINT is `-m fast`. */
  kill(signal?: 'SIGKILL' | 'SIGQUIT' | 'SIGINT'): Promise<void>;
  /** Starts it again on the same data and port. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

async function candidateFolders(): Promise<string[]> {
  const debian = '/usr/lib/postgresql';
  const versions = await readdir(debian).catch(() => []);
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, 'bin'));
  return [...(process.env.PATH ?? '').split(delimiter), ...newestFirst];
}

/** Whether a test must be skipped, because no PostgreSQL is installed here. */
export async function lacksPostgres(): Promise<boolean> {
  return lacks((await findPostgres()) !== undefined, installation);
}

/** The folder of `initdb` and `postgres`, or nothing. */
async function findPostgres(): Promise<string | undefined> {
  for (const folder of await candidateFolders()) {
    const both = [access(join(folder, 'initdb')), access(join(folder, 'postgres'))];
    if ((await Promise.allSettled(both)).every((found) => found.status === 'fulfilled')) return folder;
  }
  return undefined;
}

/** PostgreSQL refuses to run as root: then as the package's user, or nobody. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const ids = async (user: string) => {
    const of = async (flag: string) => Number((await run('id', [flag, user])).stdout);
    return { uid: await of('-u'), gid: await of('-g') };
  };
  return ids('postgres').catch(() => ids('nobody'));
}

const startTries = 50;

async function ready(server: ChildProcess): Promise<void> {
  const said: string[] = [];
  if (!server.stderr) throw new Error('no stderr');
  for await (const line of createInterface({ input: server.stderr })) {
    said.push(line);
    if (!line.includes('ready to accept connections')) continue;
    // Unread, the pipe would fill and stop the server.
    server.stderr.resume();
    return;
  }
  throw new Error(`postgres ended before it was ready:\n${said.join('\n')}`);
}

/** Starts a server in a temporary folder, on a free port of 127.0.0.1. `durable`: writes go through to the disk. */
export async function startPostgres({ durable = false } = {}): Promise<PostgresServer> {
  const binaries = await findPostgres();
  if (!binaries) throw new Error(`PostgreSQL is not installed: ${installation}`);
  const user = await unprivilegedUser();
  const as = user ?? {};
  const folder = await mkdtemp(join(tmpdir(), 'weighbridge-postgres-'));
  if (user) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const initdb = ['-D', data, '-U', 'weighbridge', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C'];
  await run(join(binaries, 'initdb'), initdb, { ...as, cwd: folder });

  const port = await freePort();
  const options = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1', ...(durable ? [] : ['-F'])];
  let server: ChildProcess | undefined;

  const start = async () => {
    for (let attempt = 1; ; attempt++) {
      server = spawn(join(binaries, 'postgres'), options, { ...as, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
      try {
        return await ready(server);
      } catch (error) {
        // The processes of one that was killed end a moment after it.
        if (attempt === startTries) throw error;
        await setTimeout(100);
      }
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill(signal);
    await gone;
  };

  await start();
  return {
    url: `postgres://weighbridge@127.0.0.1:${port}/postgres`,
    port,
    get pid() {
      return server?.pid ?? 0;
    },
    start,
    // SIGQUIT is its immediate shutdown: children end too, and the next start recovers.
    kill: (signal = 'SIGQUIT') => end(signal),
    stop: async () => {
      await end('SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
