import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { WorkerInfo, WorkerOptions } from '../../../src/worker/index.ts';

/**
 * Starts a worker as a process of its own and waits until it is registered. `within`: a command that takes another one.
 */
export async function startWorkerProcess(
  options: WorkerOptions,
  within: string[] = [],
): Promise<{ worker: ChildProcess; info: WorkerInfo }> {
  const script = fileURLToPath(new URL('./run-worker.ts', import.meta.url));
  const command = [process.execPath, '--conditions=weighbridge-source', script, JSON.stringify(options)];
  const [program = '', ...args] = [...within, ...command];
  const worker = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(worker.stdout), 'line')) as [string];
  return { worker, info: JSON.parse(line) };
}

/** Does it run? Dead processes that no one has reaped don't count. */
export function isRunning(pid: number): boolean {
  const state = stateOf(pid);
  return state !== '' && !state.startsWith('Z');
}

/** Stops a process, and waits until it stands still. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await expect.poll(() => stateOf(pid)[0], { interval: 5 }).toBe('T');
}

function stateOf(pid: number): string {
  try {
    // Not every Linux has ps.
    if (process.platform === 'linux') return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

/** No event tells the end of another's child, so it is looked at. */
export async function untilGone(pids: number[], withinMs: number): Promise<void> {
  await expect.poll(() => pids.filter(isRunning), { timeout: withinMs, interval: 50 }).toEqual([]);
}
