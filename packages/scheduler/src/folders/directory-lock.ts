import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { StartError } from '../errors.ts';
import { isAlive, type LockHolder, parseHolder, thisProcess } from './lock-holder.ts';

/** The holder touches its lock so often that a lock of a process that can't be asked tells whether it lives. */
const touchMs = 2000;
const freshMs = 10_000;

/** Others may be taking the same lock: so often, and after so long, it is tried again. */
const attempts = 20;
const retryMs = 20;

/** A file's content; `undefined` where there is none. */
const readIfThere = (path: string) => readFile(path, 'utf8').catch(() => undefined);

/** How long ago a file was touched, in ms; `undefined` where there is none. */
async function ageOf(path: string): Promise<number | undefined> {
  const touched = await stat(path).catch(() => undefined);
  return touched && Math.abs(Date.now() - touched.mtimeMs);
}

async function isFresh(path: string): Promise<boolean> {
  return ((await ageOf(path)) ?? freshMs) < freshMs;
}

async function holds(path: string, holder: LockHolder): Promise<boolean> {
  return (await isAlive(holder)) ?? (await isFresh(path));
}

/**
 * Removes a dead holder's file. Only one process at a time may, and it looks again once it may: what another
 * one put there meanwhile stays.
 */
async function removeStale(path: string, seen: string): Promise<void> {
  const permit = `${path}.remove`;
  if (await tryTake(permit, '')) {
    if ((await readIfThere(path)) === seen) await rm(path, { force: true });
    await rm(permit, { force: true });
    return;
  }
  await setTimeout(retryMs);
  // Whoever held it for so long has died with it. One that is gone was given back: the next is another's.
  if (((await ageOf(permit)) ?? 0) >= freshMs) await rm(permit, { force: true });
}

/** Makes the lock file whole or not at all: a reader never sees half of it. */
async function tryTake(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, content, { mode: 0o600 });
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function keep(path: string, content: string): () => Promise<void> {
  const touch = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), touchMs);
  touch.unref();
  return async () => {
    clearInterval(touch);
    if ((await readIfThere(path)) === content) await rm(path, { force: true });
  };
}

/** What a refusal names. */
export interface LockedFolder {
  readonly option: 'dataDir' | 'workDir';
  readonly path: string;
}

/**
 * Takes the lock file at `path` for this process, which stands for `folder`. Returns how to give it back.
 *
 * @throws StartError `data-locked` when a live process holds it.
 */
export async function lockDirectory(path: string, folder: LockedFolder): Promise<() => Promise<void>> {
  const locked = (pid?: number) => new StartError({ code: 'data-locked', ...folder, pid });
  const content = JSON.stringify({ ...(await thisProcess()), token: randomUUID() });
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await tryTake(path, content)) return keep(path, content);
    const seen = await readIfThere(path);
    // It was given back meanwhile. What is there now is another's.
    if (seen === undefined) continue;
    const holder = parseHolder(seen);
    if (holder && (await holds(path, holder))) throw locked(holder.pid);
    await removeStale(path, seen);
  }
  throw locked();
}
