import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { limits } from '@weighbridge/protocol';
import { StartError } from '../errors.ts';
import { lockDirectory } from '../folders/directory-lock.ts';
import { makeFolder } from '../folders/make-folder.ts';

/** What one worker has of `--work-dir`: a folder of its name, held by a lock as long as it runs. */
export interface WorkFolder {
  readonly name: string;
  /** In it each attempt has a directory. */
  readonly attempts: string;
  readonly blobs: string;
  /** Proves to the master that the name is this worker's: only who holds the lock presents it. */
  readonly secret: string;
  /** Tells this worker's processes from those of others. */
  readonly id: string;
  /** Gives it to the next. */
  release(): Promise<void>;
}

/** How many workers of one machine find a name by themselves. */
const defaultNames = 100;
const secretPattern = /^[\x21-\x7e]{16,128}$/;

/**
 * Takes the folder of `name`; without a name that of this host, or where another worker has that, of `HOST-2` and so on.
 * Nothing in it is touched before it is locked.
 *
 * @throws StartError `data-locked` or `data-unwritable`.
 */
export async function openWorkFolder(workDir: string, name: string | undefined): Promise<WorkFolder> {
  if (name !== undefined) return openFolder(workDir, name);
  for (let n = 1; ; n++) {
    try {
      return await openFolder(workDir, toHostName(n));
    } catch (error) {
      if (!(error instanceof StartError && error.code === 'data-locked') || n === defaultNames) throw error;
    }
  }
}

async function openFolder(workDir: string, name: string): Promise<WorkFolder> {
  const folder = join(resolve(workDir), name);
  try {
    await makeFolder(folder);
    const release = await lockDirectory(join(folder, 'lock'), { option: 'workDir', path: folder });
    const secret = await loadSecret(join(folder, 'secret')).catch(async (error) => {
      await release();
      throw error;
    });
    const id = createHash('sha256').update(secret).digest('hex').slice(0, 16);
    return { name, attempts: join(folder, 'attempts'), blobs: join(folder, 'blobs'), secret, id, release };
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw unwritable(workDir, cause);
  }
}

/** Clears what an earlier worker left of its attempts. @throws StartError `data-unwritable`. */
export async function clearAttempts({ attempts }: WorkFolder): Promise<void> {
  try {
    await rm(attempts, { recursive: true, force: true });
    await mkdir(attempts, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unwritable(attempts, cause);
  }
}

async function loadSecret(path: string): Promise<string> {
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (secretPattern.test(kept.trim())) return kept.trim();
  const secret = randomBytes(32).toString('base64url');
  // Whole or not at all: another secret would have lost the name.
  await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  return secret;
}

function unwritable(path: string, cause: unknown): StartError {
  const reason = String((cause as NodeJS.ErrnoException).code);
  return new StartError({ code: 'data-unwritable', option: 'workDir', path, reason }, { cause });
}

/** The host's name, made fit; of the n-th worker here with its number. */
function toHostName(n: number): string {
  const fit = hostname()
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '');
  const suffix = n === 1 ? '' : `-${n}`;
  return `${fit.slice(0, limits.nameLength - suffix.length) || 'worker'}${suffix}`;
}
