import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FailedError } from './errors.ts';

/** Remembers what was written, so that a file of somebody else's, or one changed since, is never overwritten. */
const recordName = '.weighbridge-export.json';

/** The SHA-256 of each file, by its path below the folder. */
type WrittenFiles = Readonly<Record<string, string>>;

/**
 * Writes files below a folder, all of them or none: each is written beside its place first.
 *
 * @param force overwrites files that this command didn't write
 * @throws FailedError where the folder can't be written, or would lose a file
 */
export async function writeExport(folder: string, files: ReadonlyMap<string, string>, force: boolean): Promise<void> {
  try {
    const written = await readRecord(folder);
    const conflicts = await findConflicts(folder, files, written);
    if (conflicts.length > 0 && !force) throw new FailedError(describeConflicts(folder, conflicts));
    await writeAll(folder, new Map([...files, [recordName, formatRecord(files, written)]]));
  } catch (error) {
    throw explain(error, folder);
  }
}

async function readRecord(folder: string): Promise<WrittenFiles> {
  try {
    const record = JSON.parse(await readFile(join(folder, recordName), 'utf8'));
    return typeof record?.files === 'object' && record.files !== null ? record.files : {};
  } catch (error) {
    // Without a record, or with one that somebody broke, every file there is somebody else's.
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return {};
    if (codeOf(error) === 'ENOTDIR') throw new FailedError(`${folder} is not a folder; choose another with --out`);
    throw error;
  }
}

function formatRecord(files: ReadonlyMap<string, string>, written: WrittenFiles): string {
  const own = [...files].map(([path, text]) => [path, hashOf(text)]);
  return `${JSON.stringify({ files: { ...written, ...Object.fromEntries(own) } }, null, 2)}\n`;
}

/** Paths at which something stands that would be lost. */
async function findConflicts(
  folder: string,
  files: ReadonlyMap<string, string>,
  written: WrittenFiles,
): Promise<string[]> {
  const conflicts: string[] = [];
  for (const [path, text] of files) {
    const there = await readExisting(join(folder, path));
    if (there === undefined) continue;
    const hash = hashOf(there);
    if (hash !== written[path] && hash !== hashOf(text)) conflicts.push(path);
  }
  return conflicts;
}

async function readExisting(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'EISDIR') throw new FailedError(`${path} is a folder; choose another with --out`);
    throw error;
  }
}

async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const folders = new Set([...files.keys()].map((path) => dirname(join(folder, path))));
  const made: string[] = [];
  let staging: string | undefined;
  try {
    for (const one of [folder, ...folders]) {
      await makeFolder(one, made);
      await access(one, constants.W_OK);
    }
    staging = await mkdtemp(join(folder, '.weighbridge-export-'));
    const staged = [...files].map(([path, text], index) => ({ path, text, part: join(staging as string, `${index}`) }));
    for (const { text, part } of staged) await writeFile(part, text);
    for (const { path, part } of staged) await rename(part, join(folder, path));
    await rmdir(staging);
  } catch (error) {
    for (const one of [staging, ...made]) if (one !== undefined) await rm(one, { recursive: true, force: true });
    throw error;
  }
}

/** Not `mkdir` with `recursive`: below /proc it never ends (Node 24). */
async function makeFolder(folder: string, made: string[]): Promise<void> {
  const there = await stat(folder).catch(() => undefined);
  if (there?.isDirectory()) return;
  if (!there && dirname(folder) !== folder) await makeFolder(dirname(folder), made);
  await mkdir(folder);
  made.push(folder);
}

function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function describeConflicts(folder: string, conflicts: readonly string[]): string {
  const [first = ''] = conflicts;
  const more = conflicts.length > 1 ? ` and ${conflicts.length - 1} more` : '';
  return `${join(folder, first)}${more} would be overwritten, though this command did not write it or it has been changed since; choose another --out, or say --force`;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function explain(error: unknown, folder: string): unknown {
  const { syscall, code, path } = error as NodeJS.ErrnoException;
  if (syscall === undefined || code === undefined) return error;
  return new FailedError(`${path ?? folder} can't be written (${code}); choose another folder with --out`, {
    cause: error,
  });
}
