import { statSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { isFileName } from '@weighbridge/protocol';
import { UsageError } from '../errors.ts';
import type { LocalInput } from '../jobs/input-files.ts';

/** A file for which a job is to run. */
export interface EachFile extends LocalInput {
  /** Its folder, below what all of the files have in common: there go the files that its job sends back. */
  readonly folder: string;
}

/**
 * The regular files that paths and globs name, each once, in the order of their paths.
 *
 * @throws UsageError for a path or glob that names none, and for a name that no job's file can have.
 */
export async function expandFiles(patterns: readonly string[]): Promise<EachFile[]> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const found = await expand(pattern);
    if (found.length === 0) throw new UsageError(`${pattern} names no file`);
    for (const path of found) paths.add(path);
  }
  const sorted = [...paths].sort();
  const common = findCommonFolder(sorted.map((path) => dirname(resolve(path))));
  return sorted.map((path) => toFile(path, common));
}

async function expand(pattern: string): Promise<string[]> {
  const stats = statSync(pattern, { throwIfNoEntry: false });
  if (stats?.isFile()) return [pattern];
  if (stats)
    throw new UsageError(
      `${pattern} is no regular file; name the files in it with a glob, e.g. '${pattern.replace(/\/$/, '')}/*'`,
    );
  const paths = [];
  for await (const path of glob(pattern)) if (statSync(path, { throwIfNoEntry: false })?.isFile()) paths.push(path);
  return paths;
}

function toFile(path: string, common: string): EachFile {
  const name = basename(path);
  if (!isFileName(name)) throw new UsageError(`${path}: ${JSON.stringify(name)} can't be a file's name in a job`);
  return { path, name, sizeBytes: statSync(path).size, folder: relative(common, dirname(resolve(path))) };
}

/** The deepest folder in which all of these are. */
function findCommonFolder(folders: readonly string[]): string {
  const [first = [], ...others] = folders.map((folder) => folder.split(sep));
  const length = first.findIndex((part, index) => others.some((other) => other[index] !== part));
  return (length < 0 ? first : first.slice(0, length)).join(sep) || sep;
}
