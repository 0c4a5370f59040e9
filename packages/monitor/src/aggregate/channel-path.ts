import { builtin } from '../builtin.ts';

/**
 * The path of a channel: a Unix socket in a folder that nobody but this user can enter.
 *
 * @param name begins with a word, a dash and the id of a process that lives as long as the service; short, because a
 * socket's path must be.
 */
export function channelPath(name: string): string {
  return builtin('node:path').join(builtin('node:os').tmpdir(), `weighbridge-${userId()}`, name);
}

/** @throws Error when the folder is another user's, or open to others: then nothing is told there. */
export function ensureFolder(folder: string): void {
  const { lstatSync, mkdirSync } = builtin('node:fs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (uid !== userId() || (mode & 0o077) !== 0) throw new Error(`${folder} is open to other users`);
}

/** Removes the sockets of services that are gone: a process that is killed leaves its own behind. */
export function sweepFolder(folder: string): void {
  const { readdirSync, rmSync } = builtin('node:fs');
  for (const name of readdirSync(folder)) {
    const pid = Number(/^[a-z]+-(\d+)/.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) rmSync(builtin('node:path').join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Always 0 on Windows, where there are no such sockets either. */
function userId(): number {
  return process.getuid?.() ?? 0;
}
