import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A UUID that names this master over its restarts, kept in `dataDir`; one that can't be read is made anew. */
export async function loadMasterId(dataDir: string): Promise<string> {
  const path = join(dataDir, 'master-id');
  const known = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (uuid.test(known)) return known;
  const made = randomUUID();
  await writeFile(path, `${made}\n`);
  return made;
}
