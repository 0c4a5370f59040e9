import { readdirSync, readFileSync } from 'node:fs';

/** As Linux counts, on every machine of ours. */
const ticksPerSecond = 100;

interface Process {
  readonly parent: number;
  /** Its own, and those of the children that it has waited for. */
  readonly ticks: number;
}

/** CPU time, in seconds, that these processes and all that they have started have taken so far, whoever of them has ended. */
export function readCpuSeconds(pids: readonly number[]): number {
  const all = new Map(readdirSync('/proc').flatMap((name) => readProcess(name)));
  let ticks = 0;
  for (const [pid, { ticks: own }] of all) if (descendsFrom(pid, pids, all)) ticks += own;
  return ticks / ticksPerSecond;
}

function readProcess(name: string): [number, Process][] {
  if (!/^\d+$/.test(name)) return [];
  try {
    // The program's name, in brackets, may hold anything.
    const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, one) => sum + one, 0);
    return [[Number(name), { parent: fields[1] ?? 0, ticks }]];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

function descendsFrom(pid: number, ancestors: readonly number[], all: ReadonlyMap<number, Process>): boolean {
  for (let at: number | undefined = pid; at; at = all.get(at)?.parent) if (ancestors.includes(at)) return true;
  return false;
}
