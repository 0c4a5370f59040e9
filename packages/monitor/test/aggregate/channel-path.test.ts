import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureFolder, sweepFolder } from '../../src/aggregate/channel-path.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weighbridge-channel-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what a process that is gone has left is swept, and nothing else', () => {
  const { pid: gone } = spawnSync(process.execPath, ['--version']);
  for (const name of [`parent-${gone}`, `peers-${gone}-abc`, `parent-${process.pid}`, 'else']) {
    writeFileSync(join(folder, name), '');
  }
  sweepFolder(folder);
  expect(readdirSync(folder).sort()).toEqual(['else', `parent-${process.pid}`]);
});

test('a folder that others can enter is refused', () => {
  const inner = join(folder, 'inner');
  ensureFolder(inner);
  ensureFolder(inner);
  chmodSync(inner, 0o755);
  expect(() => ensureFolder(inner)).toThrow(`${inner} is open to other users`);
});
