import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from '../errors.ts';
import { AttemptCgroups } from './cgroups.ts';
import { markedProcesses } from './marked-processes.ts';

const rounds = 200;
const pauseMs = 20;

/**
 * Ends the processes of an earlier worker with this id, which it and its guard left when both were killed. Gives their number.
 *
 * @throws StartError `leftovers` when some can't be ended: the master must not hear that they have.
 */
export async function endLeftovers(workerId: string): Promise<number> {
  const cgroups = AttemptCgroups.open(workerId);
  const seen = new Set<number>();
  for (let round = 0; round < rounds; round++) {
    const marked = markedProcesses().filter(({ marker }) => marker.startsWith(`${workerId}/`));
    const found = [...(cgroups?.processes() ?? []), ...marked.map(({ pid }) => pid)];
    if (found.length === 0) {
      cgroups?.removeAll();
      return seen.size;
    }
    // Again and again, because they may fork.
    cgroups?.killAll();
    for (const pid of found) {
      seen.add(pid);
      killQuietly(pid);
    }
    await delay(pauseMs);
  }
  throw new StartError({ code: 'leftovers', pids: [...seen] });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended meanwhile, or seen again and told.
  }
}
