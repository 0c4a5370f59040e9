import type { Cluster } from 'node:cluster';
import { builtin } from './builtin.ts';
import { gatheringPath } from './gathering-place.ts';
import { readPm2 } from './settings.ts';

/**
 * What this process is among those of its service.
 *
 * - `head`: serves; other processes of its own making report to it. What most processes are.
 * - `member`: reports to its head: a cluster's worker to its primary, a thread to its process.
 * - `elected`: a cluster's worker whose primary is not ours (pm2): whoever gets the address serves, the rest reports.
 */
export interface Role {
  readonly kind: 'head' | 'member' | 'elected';
  /** Where the processes of this service meet. */
  path(): string;
}

/** By this a cluster's worker knows that its primary is a head. */
const headVariable = 'WEIGHBRIDGE_HEAD';

/** Called before anything is forked: tells children of this process who their head is. */
export function takeRole(env: NodeJS.ProcessEnv): Role {
  const { pid, ppid } = process;
  if (!builtin('node:worker_threads').isMainThread) return { kind: 'member', path: () => pathOf(pid) };
  const head = env[headVariable];
  env[headVariable] = String(pid);
  if (!isClusterWorker()) return { kind: 'head', path: () => pathOf(pid) };
  if (head === String(ppid)) return { kind: 'member', path: () => pathOf(ppid) };
  // pm2 takes its own variable out of the environment later.
  const service = findServiceName(env);
  return { kind: 'elected', path: () => gatheringPath(`elected-${ppid}-${digest(service)}`) };
}

/** The services of one pm2 have the same parent, and the same file that starts them. */
function findServiceName({ pm2_env }: NodeJS.ProcessEnv): string {
  const { name = '', pm_exec_path = process.argv[1] } = readPm2(pm2_env);
  return `${name} ${pm_exec_path}`;
}

/** A process with no channel to a parent is no worker: then the module isn't loaded for it. */
function isClusterWorker(): boolean {
  return process.connected && loadCluster().isWorker;
}

/** Whether this process is the primary of a cluster that has workers. */
export function hasWorkers(): boolean {
  const { isPrimary, workers } = loadCluster();
  return isPrimary && Object.keys(workers ?? {}).length > 0;
}

function pathOf(pid: number): string {
  return gatheringPath(`head-${pid}`);
}

/** Loaded when it is needed: of an application without it, its start would be slower. */
function loadCluster(): Cluster {
  return builtin('node:cluster') as unknown as Cluster;
}

function digest(text: string): string {
  return builtin('node:crypto').createHash('sha256').update(text).digest('hex').slice(0, 16);
}
