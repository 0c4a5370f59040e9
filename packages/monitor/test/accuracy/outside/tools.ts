import { existsSync } from 'node:fs';
import { join } from 'node:path';

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];

/**
 * `true` when root or a program is missing on a developer's machine, with one line that says what to install.
 *
 * @param tools each program and the Debian package that has it.
 * @throws Error when it is missing in CI, where nothing may be skipped.
 */
export function requireTools(tools: Readonly<Record<string, string>>): boolean {
  const missing = Object.entries(tools)
    .filter(([program]) => !folders.some((folder) => existsSync(join(folder, program))))
    .map(([, packageName]) => packageName);
  const complaint =
    missing.length > 0 ? `apt-get install ${missing.join(' ')}` : process.getuid?.() === 0 ? '' : 'root';
  if (complaint === '') return false;
  if (process.env.CI) throw new Error(`this test needs: ${complaint}`);
  console.warn(`Skipped; it needs: ${complaint}`);
  return true;
}
