import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reportOf } from '../src/exit.ts';
import { download } from '../src/jobs/download.ts';
import { createProgress } from '../src/terminal/progress.ts';
import { createFolder } from './support/folder.ts';
import { clientOf } from './support/server.ts';

const content = 'what the job made'.repeat(10_000);
const file = {
  name: 'out.txt',
  sizeBytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
};

test('puts the file under its name once it is whole', async () => {
  const folder = await createFolder();
  const client = await clientOf((_, response) => response.end(content));
  await download(client, 'id', file, join(folder, 'mine.txt'), createProgress());
  expect(await readdir(folder)).toEqual(['mine.txt']);
  expect(await readFile(join(folder, 'mine.txt'), 'utf8')).toBe(content);
});

test('a damaged file leaves what was there and nothing else', async () => {
  const folder = await createFolder();
  await writeFile(join(folder, 'out.txt'), 'earlier');
  const client = await clientOf((_, response) => response.end(content.replace('job', 'jab')));
  const promise = download(client, 'id', file, join(folder, 'out.txt'), createProgress());
  await expect(promise).rejects.toThrow('out.txt arrived damaged');
  expect(await readdir(folder)).toEqual(['out.txt']);
  expect(await readFile(join(folder, 'out.txt'), 'utf8')).toBe('earlier');
});

test('a transfer that breaks off leaves nothing', async () => {
  const folder = await createFolder();
  const client = await clientOf((_, response) => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.slice(0, 100), () => response.destroy());
  });
  const error = await download(client, 'id', file, join(folder, 'out.txt'), createProgress()).catch((e: unknown) => e);
  expect(reportOf(error, false).message).toBe('the connection to the master broke off; try again');
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that is missing, or in the way, is one sentence', async () => {
  const folder = await createFolder();
  const client = await clientOf((_, response) => response.end(content));
  const none = join(folder, 'none', 'out.txt');
  await expect(download(client, 'id', file, none, createProgress())).rejects.toThrow(
    `${none} can't be written (ENOENT)`,
  );
  await mkdir(join(folder, 'out.txt'));
  const promise = download(client, 'id', file, join(folder, 'out.txt'), createProgress());
  await expect(promise).rejects.toThrow("can't be written (EISDIR); choose another place with --to");
  expect(await readdir(folder)).toEqual(['out.txt']);
});
