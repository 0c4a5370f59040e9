import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The versions that the monitor is held to, each as npm has it. */
export const nodeVersions = ['22.23.3', '24.21.0', '26.10.0'] as const;

const cache = fileURLToPath(new URL('../../../../../.cache/node', import.meta.url));

/**
 * The path of a Node binary of exactly this version, fetched once from npm into `.cache/node`. Not a dependency:
 * a user of the clone would pay 190 MB for each.
 *
 * @throws Error when npm can't fetch it, or it isn't what its name says.
 */
export function nodeBinary(version: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cache, version);
  const binary = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(binary)) {
    execFileSync(
      'npm',
      [
        'install',
        '--prefix',
        folder,
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--no-package-lock',
        `${name}@${version}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
  }
  const told = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  if (told !== `v${version}`) throw new Error(`${binary} must be Node v${version}, it says ${told}`);
  return binary;
}
