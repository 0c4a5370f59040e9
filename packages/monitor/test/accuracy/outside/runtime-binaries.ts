import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, installFromNpm, nodeBinary, nodeVersions } from './node-binaries.ts';

/** A runtime that the monitor may be run on, and how a program is started on it. */
export interface Runtime {
  readonly name: string;
  readonly binary: string;
  readonly args: readonly string[];
}

/** Runtimes that offer Node's modules, each as npm has it. */
export const otherRuntimes = { deno: '2.9.6', bun: '1.4.5' } as const;
export type OtherRuntime = keyof typeof otherRuntimes;

/** @throws Error when npm can't fetch it. */
export function otherRuntime(name: OtherRuntime): Runtime {
  const version = otherRuntimes[name];
  const isDeno = name === 'deno';
  const system = `${process.platform}-${process.arch}`;
  const packageName = isDeno ? `@deno/${system}-glibc` : `@oven/bun-${system}`;
  const folder = join(cacheFolder, name, version);
  const binary = join(folder, 'node_modules', packageName, isDeno ? 'deno' : 'bin/bun');
  if (!existsSync(binary)) installFromNpm(folder, `${packageName}@${version}`);
  chmodSync(binary, 0o755);
  return { name: `${isDeno ? 'Deno' : 'Bun'} ${version}`, binary, args: isDeno ? ['run', '-A', '-q'] : [] };
}

/**
 * @param version exact, or the beginning of one: the newest such Node.
 * @throws Error when npm has no such version.
 */
export function nodeRuntime(version: string): Runtime {
  const known = nodeVersions.find((each) => each === version || each.startsWith(`${version}.`));
  const exact = known ?? findNewest(version);
  return { name: `Node ${exact}`, binary: nodeBinary(exact), args: ['--no-warnings'] };
}

function findNewest(version: string): string {
  const name = `node-${process.platform}-${process.arch}@${version}`;
  try {
    const told = execFileSync('npm', ['view', name, 'version', '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const versions = JSON.parse(told || 'null') as string | string[] | null;
    const newest = Array.isArray(versions) ? versions.at(-1) : versions;
    if (newest) return newest;
  } catch {
    // Told below.
  }
  throw new Error(`--node must be a version that npm has of ${name.split('@')[0]}, got ${version}`);
}
