import { type ExecFileException, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, lchown, readdir, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { StartError } from '../../errors.ts';
import { processExists } from '../../folders/lock-holder.ts';
import type { PostgresBinaries } from './binaries.ts';
import { environmentOf, type RunAs } from './run-as.ts';

const run = promisify(execFile);

/** The only role of the embedded server. Whoever can reach its socket may use it. */
export const role = 'weighbridge';

const fastStopMs = 10_000;
const immediateStopMs = 5000;
const pollMs = 20;

/** @throws StartError `data-foreign` for what an earlier Weighbridge kept in this folder. Nothing is touched. */
export async function refuseForeignData(directory: string): Promise<void> {
  if (!existsSync(join(directory, 'PG_VERSION'))) return;
  throw new StartError({ code: 'data-foreign', madeBy: 'pglite', path: directory });
}

/** Makes the database's files in the store's folder unless they are there: whole or not at all. Gives their folder. */
export async function ensureCluster(directory: string, binaries: PostgresBinaries, runAs: RunAs): Promise<string> {
  const cluster = join(directory, 'cluster');
  await giveTo(runAs.owner, directory);
  if (existsSync(cluster)) {
    await giveTo(runAs.owner, cluster, { recursive: true });
    return cluster;
  }
  const draft = `${cluster}.new`;
  await rm(draft, { recursive: true, force: true });
  const [program = '', ...first] = [...runAs.prefix, binaries.initdb];
  const options = ['-D', draft, '-U', role, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-instructions'];
  try {
    await run(program, [...first, ...options], { cwd: '/', env: environmentOf(binaries), ...runAs.ids });
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw new Error(lastLine((error as ExecFileException).stderr) ?? (error as Error).message, { cause: error });
  }
  await rename(draft, cluster);
  return cluster;
}

/** Where root ran the server in another way than now, the files have another owner. */
async function giveTo(owner: RunAs['owner'], path: string, { recursive = false } = {}): Promise<void> {
  if (!owner || (await stat(path)).uid === owner.uid) return;
  const entries = recursive ? await readdir(path, { recursive }) : [];
  for (const entry of entries) await lchown(join(path, entry), owner.uid, owner.gid);
  // Last: one that was interrupted is done again.
  await chown(path, owner.uid, owner.gid);
}

/** A server that runs on a cluster, as its own pid file tells. */
export interface RunningServer {
  readonly pid: number;
  /** The folder of its Unix socket. */
  readonly socketFolder: string;
}

/** The server whose pid file lies in the cluster, if it lives. */
export async function findRunningServer(cluster: string): Promise<RunningServer | undefined> {
  const path = join(cluster, 'postmaster.pid');
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !processExists(pid)) return undefined;
  return (await isServerOf(pid, cluster)) ? { pid, socketFolder: lines[4] ?? '' } : undefined;
}

/** Ends a server that a killed master left behind. */
export async function stopLeftover(cluster: string): Promise<void> {
  const left = await findRunningServer(cluster);
  if (left) await stopServer(left.pid, cluster);
  // A pid comes again: PostgreSQL would take whoever has it now for a server of its own.
  else if (await isPidOfAnother(cluster)) await rm(join(cluster, 'postmaster.pid'), { force: true });
}

async function isPidOfAnother(cluster: string): Promise<boolean> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n', 1)[0]);
  return Number.isInteger(pid) && pid > 0 && processExists(pid);
}

/** Stops a server fast: sessions are ended, what was committed is on disk. Then at once, if that takes too long. */
async function stopServer(pid: number, cluster: string): Promise<void> {
  for (const [signal, ms] of [
    ['SIGINT', fastStopMs],
    ['SIGQUIT', immediateStopMs],
  ] as const) {
    signalQuietly(pid, signal);
    if (await isGoneWithin(pid, cluster, ms)) return;
  }
  throw new Error(`the PostgreSQL server with pid ${pid} still runs on it and can't be stopped`);
}

async function isGoneWithin(pid: number, cluster: string, ms: number): Promise<boolean> {
  for (const until = performance.now() + ms; performance.now() < until; await setTimeout(pollMs)) {
    // By its working directory, which a zombie has no more: in a container nobody may collect it.
    if (!(await isServerOf(pid, cluster))) return true;
  }
  return false;
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

/** A server's working directory is its cluster: after a reboot or in a container the pid may be of anything. */
async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  const path = await realpath(cluster).catch(() => cluster);
  // Containers often have no ps.
  if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === path;
  const listed = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return listed.stdout.includes(path);
}

/** What initdb says of its failure: its last line that is no hint. */
function lastLine(text: string | undefined): string | undefined {
  return text
    ?.split('\n')
    .map((line) => line.replace(/^.*?\b(FATAL|error): +/, '').trim())
    .findLast((line) => line !== '' && !/^(HINT|DETAIL|initdb: hint)/.test(line));
}
