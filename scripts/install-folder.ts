import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs a folder that has a lockfile of its own, unless it is there: `npm ci`, outside of the workspace's.
 *
 * @throws Error when npm fails.
 */
export function installFolder(folder: string, progress: (message: string) => void = () => {}): void {
  const stamp = join(folder, 'node_modules', '.weighbridge-installed');
  const hash = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  progress(`npm ci in ${folder} …`);
  const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', ['ci', ...options], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ci failed in ${folder}: ${stderr}`);
  writeFileSync(stamp, hash);
}
