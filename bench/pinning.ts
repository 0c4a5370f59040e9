import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

let told = false;

/** Binds a process with all its threads to one core: the server to 0, the load to 1. Says once when it can't. */
export function pin(pid: number, core: 0 | 1): void {
  // Not availableParallelism(), which tells of this process and is 1 once it is bound.
  if (cpus().length < 2) {
    tell('there is one core only');
    return;
  }
  const { status } = spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
  if (status !== 0) tell('taskset is missing or refused (Debian: apt-get install util-linux)');
}

function tell(why: string): void {
  if (told) return;
  told = true;
  console.error(`bench: server and load share cores, figures are noisier: ${why}`);
}
