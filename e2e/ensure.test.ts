import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFolder } from './support/folder.ts';

const lockModule = JSON.stringify(new URL('../scripts/lock.mjs', import.meta.url));

/** Takes the lock, notes that it came, works a while, notes that it went. */
function worker(lock: string, journal: string): Promise<unknown> {
  const code = `
    import { appendFileSync } from 'node:fs';
    import { withLock } from ${lockModule};
    await withLock(${JSON.stringify(lock)}, async () => {
      appendFileSync(${JSON.stringify(journal)}, 'in ');
      await new Promise((resolve) => setTimeout(resolve, 20));
      appendFileSync(${JSON.stringify(journal)}, 'out ');
    });`;
  return once(spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'inherit' }), 'exit');
}

test('of several starts at once one prepares the clone while the others wait', async () => {
  const folder = await createFolder();
  const [lock, journal] = [join(folder, 'lock'), join(folder, 'journal')];
  await Promise.all([1, 2, 3].map(() => worker(lock, journal)));
  expect(await readFile(journal, 'utf8')).toBe('in out in out in out ');
});

test('a lock whose process has died is taken over', async () => {
  const folder = await createFolder();
  const [lock, journal] = [join(folder, 'lock'), join(folder, 'journal')];
  const dead = spawn('true');
  await once(dead, 'exit');
  await writeFile(lock, String(dead.pid));
  await Promise.all([worker(lock, journal), worker(lock, journal)]);
  expect(await readFile(journal, 'utf8')).toBe('in out in out ');
});
