import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The versions that the monitor is held to, each as npm has it. */
export const nodeVersions = ['22.23.3', '24.21.0', '26.10.0'] as const;

/** Where binaries are kept that are no dependencies: a user of the clone would pay 190 MB for each. */
export const cacheFolder = fileURLToPath(new URL('../../../../../.cache', import.meta.url));

/**
 * The path of a Node binary of exactly this version, fetched once from npm into `.cache/node`.
 *
 * @throws Error when npm can't fetch it, or it isn't what its name says.
 */
export function nodeBinary(version: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cacheFolder, 'node', version);
  const binary = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(binary)) installFromNpm(folder, `${name}@${version}`);
  const told = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  if (told !== `v${version}`) throw new Error(`${binary} must be Node v${version}, it says ${told}`);
  return binary;
}

/**
 * Installs a package of npm into a folder of its own, without running its scripts. The folder appears whole:
 * tests in other processes may install the same package at the same moment.
 *
 * @throws Error when npm fails.
 */
export function installFromNpm(folder: string, specifier: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  const draft = mkdtempSync(`${folder}.`);
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  try {
    execFileSync('npm', ['install', '--prefix', draft, ...options, specifier], { stdio: ['ignore', 'ignore', 'pipe'] });
    renameSync(draft, folder);
  } catch (error) {
    // Another process was faster when the folder is there.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
