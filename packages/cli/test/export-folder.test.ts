import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FailedError } from '../src/errors.ts';
import { writeExport } from '../src/export-folder.ts';
import { createFolder } from './support/folder.ts';

const files = new Map([
  ['one.yml', 'one'],
  ['deep/er/two.yml', 'two'],
]);
const record = '.weighbridge-export.json';
const list = async (folder: string) => (await readdir(folder)).sort();

test('writes all files, makes their folders, and leaves nothing else', async () => {
  const folder = join(await createFolder(), 'new');
  await writeExport(folder, files, false);
  expect(await list(folder)).toEqual([record, 'deep', 'one.yml']);
  expect(await readFile(join(folder, 'deep/er/two.yml'), 'utf8')).toBe('two');
});

test('overwrites what it wrote, and what is the same anyway', async () => {
  const folder = await createFolder();
  await writeFile(join(folder, 'one.yml'), 'one');
  await writeExport(folder, files, false);
  await writeExport(folder, new Map([['one.yml', 'changed']]), false);
  expect(await readFile(join(folder, 'one.yml'), 'utf8')).toBe('changed');
  await writeExport(folder, files, false);
  expect(await readFile(join(folder, 'one.yml'), 'utf8')).toBe('one');
});

test.each([
  ["somebody else's", async (folder: string) => writeFile(join(folder, 'one.yml'), 'mine')],
  [
    'one that was changed since',
    async (folder: string) => {
      await writeExport(folder, files, false);
      await writeFile(join(folder, 'one.yml'), 'mine');
    },
  ],
  [
    'one whose record was broken',
    async (folder: string) => {
      await writeExport(folder, new Map([['one.yml', 'mine']]), false);
      await writeFile(join(folder, record), '{');
    },
  ],
])('does not overwrite %s unless it is forced, and writes no other file either', async (_whose, prepare) => {
  const folder = await createFolder();
  await prepare(folder);
  const before = await list(folder);
  const refused = writeExport(folder, new Map([...files, ['three.yml', 'three']]), false);
  await expect(refused).rejects.toThrow(`${join(folder, 'one.yml')} would be overwritten`);
  await expect(refused).rejects.toBeInstanceOf(FailedError);
  expect(await list(folder)).toEqual(before);
  expect(await readFile(join(folder, 'one.yml'), 'utf8')).toBe('mine');
  await writeExport(folder, files, true);
  expect(await readFile(join(folder, 'one.yml'), 'utf8')).toBe('one');
});

test('a folder in the place of a file leaves nothing half-written', async () => {
  const folder = await createFolder();
  await mkdir(join(folder, 'one.yml'));
  await expect(writeExport(folder, files, true)).rejects.toThrow(`${join(folder, 'one.yml')} is a folder`);
  expect(await list(folder)).toEqual(['one.yml']);
});

test('a file in the place of a folder leaves nothing half-written', async () => {
  const folder = await createFolder();
  await writeFile(join(folder, 'deep'), 'mine');
  await expect(writeExport(join(folder, 'new'), files, false)).resolves.toBeUndefined();
  await expect(writeExport(folder, files, false)).rejects.toThrow("can't be written (ENOTDIR)");
  expect(await list(folder)).toEqual(['deep', 'new']);
  await expect(writeExport(join(folder, 'deep'), files, false)).rejects.toThrow('deep is not a folder');
});
