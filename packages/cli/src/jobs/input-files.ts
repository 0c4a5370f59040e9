import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Client, type InputFile, isFileName } from '@weighbridge/protocol';
import { UsageError } from '../errors.ts';
import type { Progress } from '../terminal/progress.ts';
import { persist } from './persist.ts';

/** A file of this machine and its name inside the job. */
export interface LocalInput {
  path: string;
  name: string;
  sizeBytes: number;
}

/** Parses `FILE[=NAME]`. A file whose own name has a `=` is taken as it is. */
export function parseInputs(texts: readonly string[]): LocalInput[] {
  const inputs = texts.map(parseInput);
  for (const [index, { name }] of inputs.entries()) {
    if (inputs.findIndex((other) => other.name === name) !== index) {
      throw new UsageError(
        `two inputs would be named ${name} in the job; give one another name with --input FILE=NAME`,
      );
    }
  }
  return inputs;
}

function parseInput(text: string): LocalInput {
  const whole = sizeOf(text);
  if (whole !== undefined) return { path: text, name: checkName(basename(text), text), sizeBytes: whole };
  const at = text.lastIndexOf('=');
  const path = at < 0 ? text : text.slice(0, at);
  const sizeBytes = sizeOf(path);
  if (sizeBytes === undefined) throw new UsageError(`--input ${path}: there is no such file`);
  return { path, name: checkName(text.slice(at + 1), text), sizeBytes };
}

function sizeOf(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isFile())
    throw new UsageError(`--input ${path}: only a regular file can be an input`);
  return stats?.size;
}

function checkName(name: string, text: string): string {
  if (isFileName(name)) return name;
  throw new UsageError(
    `--input ${text}: ${JSON.stringify(name)} can't be a file's name in a job; give it a plain one with --input FILE=NAME`,
  );
}

/** Stores what the master doesn't have yet; returns what the job is to name. */
export async function uploadInputs(
  client: Client,
  inputs: readonly LocalInput[],
  progress: Progress,
): Promise<InputFile[]> {
  const uploaded: InputFile[] = [];
  for (const input of inputs) uploaded.push(await uploadInput(client, input, progress));
  return uploaded;
}

/** The same for one file. */
export async function uploadInput(client: Client, input: LocalInput, progress: Progress): Promise<InputFile> {
  const sha256 = await hashFile(input.path);
  await persist(async () => {
    if ((await client.blobSize(sha256)) === undefined) await upload(client, input, sha256, progress);
  });
  return { name: input.name, sha256 };
}

async function upload(
  client: Client,
  { path, name, sizeBytes }: LocalInput,
  sha256: string,
  progress: Progress,
): Promise<void> {
  const counted = progress.count(createReadStream(path), `Uploading ${name}`, sizeBytes);
  await client.putBlob(sha256, sizeBytes, Readable.toWeb(counted) as ReadableStream);
}

/** The SHA-256 of a file, read as a stream. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
