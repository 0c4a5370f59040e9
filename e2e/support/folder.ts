import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder of the test's own, gone after it. */
export async function createFolder(): Promise<string> {
  const { path, remove } = await createSharedFolder();
  onTestFinished(remove);
  return path;
}

/** A folder of several tests: whoever makes it removes it. */
export async function createSharedFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'weighbridge-e2e-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
