import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { parseInputs, uploadInputs } from '../src/jobs/input-files.ts';
import { createProgress } from '../src/terminal/progress.ts';
import { createFolder } from './support/folder.ts';
import { clientOf } from './support/server.ts';

async function files(...names: string[]): Promise<string[]> {
  const folder = await createFolder();
  const paths = names.map((name) => join(folder, name));
  for (const path of paths) await writeFile(path, `content of ${path}`);
  return paths;
}

test("an input's name in the job is the file's own, or the one after '='", async () => {
  const [path] = (await files('a.txt')) as [string];
  expect(parseInputs([path, `${path}=b.txt`]).map(({ name }) => name)).toEqual(['a.txt', 'b.txt']);
});

test("a file whose own name has a '=' is taken as it is", async () => {
  const [path] = (await files('a=b.txt')) as [string];
  expect(parseInputs([path])).toMatchObject([{ path, name: 'a=b.txt' }]);
  expect(parseInputs([`${path}=c`])).toMatchObject([{ path, name: 'c' }]);
});

test('refuses what is no file, and names that leave the folder or meet', async () => {
  const [one, two] = (await files('one', 'two')) as [string, string];
  const folder = await createFolder();
  await mkdir(join(folder, 'sub'));
  expect(() => parseInputs([join(folder, 'none')])).toThrow('there is no such file');
  expect(() => parseInputs([join(folder, 'sub')])).toThrow('only a regular file');
  for (const name of ['..', 'a/b', '']) expect(() => parseInputs([`${one}=${name}`]), name).toThrow('--input');
  expect(() => parseInputs([one, `${two}=one`])).toThrow('two inputs would be named one');
});

test('uploads what the master lacks, and nothing that it has', async () => {
  const [one, two] = (await files('one', 'two')) as [string, string];
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const stored = new Map([[sha256(`content of ${one}`), Buffer.alloc(0)]]);
  const puts: string[] = [];
  const client = await clientOf(async (request, response) => {
    const name = request.url?.split('/').at(-1) ?? '';
    if (request.method === 'HEAD') return response.writeHead(stored.has(name) ? 200 : 404).end();
    puts.push(request.headers['content-length'] ?? 'chunked');
    stored.set(name, await buffer(request));
    response.writeHead(201, { 'content-type': 'application/json' }).end('{}');
  });

  const inputs = await uploadInputs(client, parseInputs([one, two]), createProgress());

  const content = `content of ${two}`;
  expect(inputs).toEqual([
    { name: 'one', sha256: sha256(`content of ${one}`) },
    { name: 'two', sha256: sha256(content) },
  ]);
  expect(puts).toEqual([String(content.length)]);
  expect(stored.get(sha256(content))?.toString()).toBe(content);
});
