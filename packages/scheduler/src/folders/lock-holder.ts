import { readFile, readlink } from 'node:fs/promises';

/** Who holds a lock file. */
export interface LockHolder {
  pid: number;
  bootId: string;
  /** Pids mean something only inside one. */
  pidNamespace: string;
  /** In clock ticks since boot: a pid comes again, in a container always the same. */
  startedAt: string;
}

const readOr = (path: string, otherwise: string) => readFile(path, 'utf8').catch(() => otherwise);

async function readProcess(pid: number): Promise<{ state: string; startedAt: string }> {
  // The name may hold spaces and parentheses, so count fields from its closing one.
  const stat = await readOr(`/proc/${pid}/stat`, '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startedAt: fields[19] ?? '' };
}

/** This process, as it signs a lock. Where there is no /proc, only the pid tells. */
export async function thisProcess(): Promise<LockHolder> {
  return {
    pid: process.pid,
    bootId: (await readOr('/proc/sys/kernel/random/boot_id', '')).trim(),
    pidNamespace: await readlink('/proc/self/ns/pid').catch(() => ''),
    startedAt: (await readProcess(process.pid)).startedAt,
  };
}

export function parseHolder(text: string): LockHolder | undefined {
  try {
    const { pid, bootId = '', pidNamespace = '', startedAt = '' } = JSON.parse(text) as Partial<LockHolder>;
    return Number.isInteger(pid) ? { pid: pid as number, bootId, pidNamespace, startedAt } : undefined;
  } catch {
    return undefined;
  }
}

/** Does a process have this pid? A zombie does. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Does it live? `undefined`: it is of another machine or container, or before a reboot, and can't be asked. */
export async function isAlive(holder: LockHolder): Promise<boolean | undefined> {
  const here = await thisProcess();
  if (holder.bootId !== here.bootId || holder.pidNamespace !== here.pidNamespace) return undefined;
  if (!processExists(holder.pid)) return false;
  const { state, startedAt } = await readProcess(holder.pid);
  // A zombie holds nothing any more, whenever its parent collects it.
  return state !== 'Z' && startedAt === holder.startedAt;
}
