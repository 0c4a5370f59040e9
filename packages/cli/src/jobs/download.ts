import { createHash } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client, OutputFile } from '@weighbridge/protocol';
import { FailedError } from '../errors.ts';
import type { Progress } from '../terminal/progress.ts';

/** What is not whole yet; it goes with the process where that is interrupted. */
const parts = new Set<string>();
process.once('exit', () => {
  for (const part of parts) rmSync(part, { force: true });
});

/** Fetches one file of a job under a temporary name, checks its SHA-256, and only then gives it its own. */
export async function download(
  client: Client,
  jobId: string,
  file: OutputFile,
  target: string,
  progress: Progress,
): Promise<void> {
  const part = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  parts.add(part);
  try {
    const sha256 = await fetchTo(client, jobId, file, part, progress);
    if (sha256 !== file.sha256) {
      throw new FailedError(
        `${file.name} arrived damaged: its SHA-256 is ${sha256}, the job says ${file.sha256}; try again`,
      );
    }
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw explain(error, target);
  } finally {
    parts.delete(part);
  }
}

async function fetchTo(
  client: Client,
  jobId: string,
  { name, sizeBytes }: OutputFile,
  part: string,
  progress: Progress,
): Promise<string> {
  const hash = createHash('sha256');
  const response = await client.download(jobId, name);
  const body = Readable.fromWeb((response.body ?? new Blob([]).stream()) as import('node:stream/web').ReadableStream);
  const counted = progress.count(body, `Downloading ${name}`, sizeBytes) as Transform;
  counted.on('data', (chunk: Buffer) => hash.update(chunk));
  await pipeline(counted, createWriteStream(part, { flags: 'wx' }));
  return hash.digest('hex');
}

function explain(error: unknown, target: string): unknown {
  const { syscall, code } = error as NodeJS.ErrnoException;
  if (syscall === undefined || code === undefined) return error;
  return new FailedError(`${target} can't be written (${code}); choose another place with --to`, { cause: error });
}
