import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** Does a process run? A zombie doesn't. */
export function alive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z';
}

/** Stops a process, and waits until it stands still. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await expect.poll(() => statOf(pid)?.state, { interval: 5 }).toBe('T');
}

/** A process and all that it started, and what these started. */
export function treeOf(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map(all.map((name) => [Number(name), statOf(Number(name))?.parent]));
  const tree = [pid];
  for (const member of tree) {
    for (const [child, parent] of parents) if (parent === member) tree.push(child);
  }
  return tree;
}

/** The command line of a process. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Waits until none of them runs. */
export async function gone(pids: readonly number[], withinMs: number): Promise<void> {
  const left = () => pids.filter(alive).map((pid) => `${pid} ${commandOf(pid)}`);
  await expect.poll(left, { timeout: withinMs, interval: 20 }).toEqual([]);
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    // The second field is the name in parentheses, which may itself hold spaces and parentheses.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
