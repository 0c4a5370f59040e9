import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, glob, lstat, open, realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { type AttemptRef, type Client, limits, type OutputFile } from '@weighbridge/protocol';
import { untilAnswered } from './answered.ts';
import { AttemptError } from './attempt-error.ts';

/** What the globs match in a job's directory. */
export interface FoundOutputs {
  /** Path by the name that the result gives it. */
  files: Map<string, string>;
  /** Globs that matched nothing. */
  unmatched: string[];
}

/** Regular files only, and none that a symbolic link leads to outside of the directory. */
export async function findOutputs(directory: string, globs: readonly string[]): Promise<FoundOutputs> {
  const root = await realpath(directory);
  const files = new Map<string, string>();
  const unmatched = [];
  for (const pattern of globs) {
    let matches = 0;
    for await (const match of glob(pattern, { cwd: root })) {
      const path = join(root, match);
      if (!(await isInside(root, path))) continue;
      matches++;
      addOutput(files, path);
    }
    if (matches === 0) unmatched.push(pattern);
  }
  return { files, unmatched };
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
