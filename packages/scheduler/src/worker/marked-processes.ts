// Imported by the guard: see guard-messages.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { attemptMarker } from './guard-messages.ts';

/**
 * The processes of this user that carry an attempt's marker, with its value. Finds what left its process group by
 * `setsid`, on Linux only; not what was started with another environment.
 */
export function markedProcesses(): { pid: number; marker: string }[] {
  if (process.platform !== 'linux') return [];
  const found = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const marker = Number.isInteger(pid) ? markerOf(pid) : undefined;
    if (marker !== undefined) found.push({ pid, marker });
  }
  return found;
}

function markerOf(pid: number): string | undefined {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
    const start = environment.indexOf(`\0${attemptMarker}=`);
    if (start < 0) return undefined;
    const from = start + attemptMarker.length + 2;
    return environment.slice(from, environment.indexOf('\0', from));
  } catch {
    return undefined; // Ended meanwhile, or another user's.
  }
}
