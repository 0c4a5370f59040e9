import type { Cluster } from 'node:cluster';
import { builtin } from '../builtin.ts';
import { channelPath } from './channel-path.ts';

/**
 * - `parent`: no process of ours has made this one; its threads and workers report to it. What most processes are.
 * - `child`: a thread, or a cluster's worker whose primary is a parent.
 * - `peer`: a cluster's worker whose primary has no monitor (pm2).
 */
export type RoleKind = 'parent' | 'child' | 'peer';

/** What a process is among those of its service. */
export interface Role {
  readonly kind: RoleKind;
  /** Where the channel of this service is. */
  path(): string;
}

/** By this a cluster's worker knows that its primary has a monitor. */
const parentVariable = 'WEIGHBRIDGE_PARENT';

/** Called before anything is forked: tells children of this process who their parent is. */
export function takeRole(env: NodeJS.ProcessEnv): Role {
  const { pid, ppid } = process;
  if (!builtin('node:worker_threads').isMainThread) return { kind: 'child', path: () => parentPath(pid) };
  const parent = env[parentVariable];
  env[parentVariable] = String(pid);
  if (!isClusterWorker()) return { kind: 'parent', path: () => parentPath(pid) };
  if (parent === String(ppid)) return { kind: 'child', path: () => parentPath(ppid) };
  // Read now: pm2 takes its own variable out of the environment later.
  const service = findServiceName(env);
  return { kind: 'peer', path: () => channelPath(`peers-${ppid}-${digest(service)}`) };
}

/** pm2 gives a cluster's worker its environment as JSON in one variable, and unpacks it later than we are loaded. */
export function readPm2(packed: string | undefined): NodeJS.ProcessEnv {
  try {
    return packed === undefined ? {} : JSON.parse(packed);
  } catch {
    return {};
  }
}

/** Whether this process is the primary of a cluster that has workers. */
export function hasWorkers(): boolean {
  const { isPrimary, workers } = loadCluster();
  return isPrimary && Object.keys(workers ?? {}).length > 0;
}

/** The services of one pm2 have the same parent; what differs is their name and the file that starts them. */
function findServiceName({ pm2_env }: NodeJS.ProcessEnv): string {
  const { name = '', pm_exec_path = process.argv[1] } = readPm2(pm2_env);
  return `${name} ${pm_exec_path}`;
}

/** A process with no channel to its parent is no worker: then the module isn't loaded for it. */
function isClusterWorker(): boolean {
  return process.connected && loadCluster().isWorker;
}

function parentPath(pid: number): string {
  return channelPath(`parent-${pid}`);
}

/** Loaded when it is needed: it would slow the start of an application without a cluster. */
function loadCluster(): Cluster {
  return builtin('node:cluster') as unknown as Cluster;
}

function digest(text: string): string {
  return builtin('node:crypto').createHash('sha256').update(text).digest('hex').slice(0, 16);
}
