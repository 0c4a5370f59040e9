import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folders = ['.', 'swagger-stats'].map((name) => fileURLToPath(new URL(name, import.meta.url)));
const [peers, swaggerStats] = folders as [string, string];

/** Loads a package of `bench/peers`; the caller states the part of its type that it uses. */
export const requirePeer: NodeJS.Require = createRequire(join(peers, 'package.json'));
/** The same for `swagger-stats`, which wants an older prom-client. */
export const requireSwaggerStats: NodeJS.Require = createRequire(join(swaggerStats, 'package.json'));

/** Installs what stands beside ours, unless it is there: `npm ci` in `bench/peers`, outside the workspace's own. */
export function installPeers(progress: (message: string) => void): void {
  for (const folder of folders) {
    const stamp = join(folder, 'node_modules', '.weighbridge-installed');
    const hash = createHash('sha256')
      .update(readFileSync(join(folder, 'package-lock.json')))
      .digest('hex');
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) continue;
    progress(`installing the packages to compare with (npm ci in ${folder}) …`);
    const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`npm ci failed in ${folder}: ${stderr}`);
    writeFileSync(stamp, hash);
  }
}
