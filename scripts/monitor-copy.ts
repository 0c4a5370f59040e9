import { cpSync, globSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('..', import.meta.url));

/**
 * A temporary folder with the monitor's sources and tests. Dependencies are links to those of this repository; the
 * monitor itself is the copy.
 */
export function copyMonitor(): string {
  const copy = mkdtempSync(join(tmpdir(), 'weighbridge-monitor-'));
  for (const file of globSync(
    ['package.json', 'tsconfig*.json', 'vitest.config.ts', 'packages/*/{package,tsconfig}.json'],
    {
      cwd: root,
    },
  )) {
    cpSync(join(root, file), join(copy, file));
  }
  for (const folder of ['src', 'test']) {
    cpSync(join(root, 'packages', 'monitor', folder), join(copy, 'packages', 'monitor', folder), { recursive: true });
  }
  // A test compares it with the sources.
  cpSync(join(root, 'docs', 'decisions'), join(copy, 'docs', 'decisions'), { recursive: true });
  const modules = join(copy, 'node_modules');
  mkdirSync(join(modules, '@weighbridge'), { recursive: true });
  symlinkSync(join(copy, 'packages', 'monitor'), join(modules, '@weighbridge', 'monitor'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@weighbridge' && !name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return copy;
}
