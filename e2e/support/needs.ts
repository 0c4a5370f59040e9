import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];

const isRoot = process.getuid?.() === 0;

/** Each program with the Debian package that has it. */
type Programs = Readonly<Record<string, string>>;

/**
 * `true` when a test must be skipped because this machine lacks what it needs; one line then says what that is.
 *
 * @param what what to install or to be, where `isThere` is `false`.
 * @throws Error in CI, where nothing may be skipped.
 */
export function lacks(isThere: boolean, what: string): boolean {
  if (isThere) return false;
  if (process.env.CI) throw new Error(`this test needs: ${what}`);
  console.warn(`Skipped; it needs: ${what}`);
  return true;
}

/** As {@link lacks}, for programs in `PATH` and among those for root. */
export function lacksPrograms(programs: Programs): boolean {
  const missing = Object.entries(programs)
    .filter(([program]) => !folders.some((folder) => existsSync(join(folder, program))))
    .map(([, packageName]) => packageName);
  return lacks(missing.length === 0, `apt-get install ${missing.join(' ')}`);
}

/** As {@link lacks}, for root and programs. */
export function lacksRoot(programs: Programs = {}): boolean {
  return lacksPrograms(programs) || lacks(isRoot, 'root');
}

/** As {@link lacks}, for file systems of the test's own. */
export function lacksMounts(): boolean {
  const canMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;
  return lacks(canMount, 'root on Linux, and unshare of util-linux');
}

/** As {@link lacks}, for what Linux tells of processes. */
export function lacksProc(): boolean {
  return lacks(existsSync('/proc/self/stat'), 'Linux, for /proc');
}
