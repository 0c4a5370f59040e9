import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, glob, lstat, open, realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { type AttemptRef, type Client, limits, type OutputFile } from '@weighbridge/protocol';
import { untilAnswered } from './answered.ts';
import { AttemptError } from './attempt-error.ts';

/** A job's globs over its directory. */
export interface OutputGlobs {
  /** Each must match a file. */
  readonly outputs: readonly string[];
  readonly optionalOutputs: readonly string[];
}

/**
 * What the globs match, path by the name that the result gives it: regular files only, and none that a symbolic link leads to
 * outside of the directory.
 *
 * @throws AttemptError where one matches nothing, and where two files would have one name.
 */
export async function findOutputs(
  directory: string,
  { outputs, optionalOutputs }: OutputGlobs,
): Promise<Map<string, string>> {
  const root = await realpath(directory);
  const files = new Map<string, string>();
  const unmatched: string[] = [];
  for (const [index, pattern] of [...outputs, ...optionalOutputs].entries()) {
    let matches = 0;
    for await (const match of glob(pattern, { cwd: root })) {
      const path = join(root, match);
      if (!(await isInside(root, path))) continue;
      matches++;
      addOutput(files, path);
    }
    if (matches === 0 && index < outputs.length) unmatched.push(pattern);
  }
  if (unmatched.length > 0) throw new AttemptError(explainUnmatched(unmatched));
  return files;
}

function explainUnmatched(globs: readonly string[]): string {
  const one = globs.length === 1;
  return `the command succeeded, but no file matches the ${one ? 'output' : 'outputs'} ${globs.map((glob) => JSON.stringify(glob)).join(', ')}; where that is no failure, name ${one ? 'it' : 'them'} with --output-optional`;
}

async function isInside(root: string, path: string): Promise<boolean> {
  if (!(await lstat(path)).isFile()) return false;
  return `${await realpath(dirname(path))}${sep}`.startsWith(`${root}${sep}`);
}

function addOutput(files: Map<string, string>, path: string): void {
  const name = basename(path);
  const earlier = files.get(name);
  if (earlier === path) return;
  if (earlier !== undefined) throw new AttemptError(`two outputs have the same file name, ${JSON.stringify(name)}`);
  if (/[\\\p{Cc}]/u.test(name) || name.length > limits.fileNameLength) {
    throw new AttemptError(`an output's file name has characters that the API does not take: ${JSON.stringify(name)}`);
  }
  if (files.size >= limits.resultOutputsCount) {
    throw new AttemptError(
      `a job may send back at most ${limits.resultOutputsCount} outputs, and more match its globs`,
    );
  }
  files.set(name, path);
}

/** Stores one output, unless the master has its content already. */
export async function sendOutput(
  client: Client,
  attempt: AttemptRef,
  name: string,
  path: string,
  signal: AbortSignal,
): Promise<OutputFile> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { sha256, sizeBytes } = await digest(file, signal);
    if (sizeBytes > limits.blobBytes) {
      throw new AttemptError(
        `the output ${JSON.stringify(name)} has ${sizeBytes} bytes, the most is ${limits.blobBytes}`,
      );
    }
    await untilAnswered(async () => {
      if ((await client.blobSize(sha256, signal)) !== undefined) return;
      await client.putBlob(sha256, sizeBytes, contentOf(file, sizeBytes), attempt, signal);
    }, signal);
    return { name, sha256, sizeBytes };
  } finally {
    await file.close();
  }
}

async function digest(file: FileHandle, signal: AbortSignal): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false, signal })) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

function contentOf(file: FileHandle, sizeBytes: number): ReadableStream {
  if (sizeBytes === 0) return Readable.toWeb(Readable.from([])) as ReadableStream;
  const content = file.createReadStream({ start: 0, end: sizeBytes - 1, autoClose: false });
  return Readable.toWeb(content) as unknown as ReadableStream;
}
