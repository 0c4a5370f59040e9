import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from '@weighbridge/protocol';
import pg from 'pg';
import { expect, test } from 'vitest';
import { anyPorts, start, stop, weighbridge } from './support/cli.ts';
import { createFolder } from './support/folder.ts';

const echo = ['jobs', 'submit', '--wait', '--', 'echo', 'hello'];

test('a store moves with its jobs, logs and files, beside a master that runs, and the job is there', async () => {
  const folder = await createFolder();
  const [from, to, file] = ['from', 'to', 'jobs.tar'].map((name) => join(folder, name)) as [string, string, string];
  const input = join(folder, 'input.txt');
  await writeFile(input, 'some content\n');
  const first = await start(['up', ...anyPorts, '--data', from]);
  const submit = ['jobs', 'submit', '--wait', '--input', input, '--output', '*.gz', '--', 'gzip', 'input.txt'];
  expect(await weighbridge(submit, first.env)).toMatchObject({ code: 0 });
  expect(await weighbridge(echo, first.env)).toMatchObject({ code: 0 });
  expect(await weighbridge(['store', 'export', file, '--data', from])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/jobs\.tar: 2 jobs, 1 chunk of log, 2 files \(\d+ B\)\n$/),
  });
  await stop(first.child);

  const imported = await weighbridge(['store', 'import', file, '--data', to, '--json']);
  expect(JSON.parse(imported.stdout)).toMatchObject({ jobs: 2, blobs: 2, logChunks: 1, skippedJobs: 0 });
  const second = await start(['up', ...anyPorts, '--data', to]);
  const client = new Client({ url: second.apiUrl, token: second.env.WEIGHBRIDGE_TOKEN ?? '' });
  const jobs = await client.jobs({ limit: 5 });
  expect(jobs.jobs.map(({ state, commandLine }) => [state, commandLine.split(' ')[0]])).toEqual([
    ['succeeded', 'echo'],
    ['succeeded', 'gzip'],
  ]);
  const results = join(folder, 'results');
  expect(await weighbridge(['jobs', 'download', jobs.jobs[1]?.id ?? '', '--to', results], second.env)).toMatchObject({
    code: 0,
  });
  expect(await readdir(results)).toEqual(['input.txt.gz']);
  const logs = await weighbridge(['jobs', 'logs', jobs.jobs[0]?.id ?? ''], second.env);
  expect(logs.stdout).toContain('hello\n');
});

test('without psql the URL of the running store is printed, and it leads there', async () => {
  const folder = await createFolder();
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await symlink(process.execPath, join(bin, 'node'));
  const data = join(folder, 'data');
  await start(['master', '--embedded', ...anyPorts, '--data', data]);
  const shown = await weighbridge(['store', 'psql', '--data', data], { PATH: bin });
  expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining('psql is not installed') });
  const client = new pg.Client(shown.stdout.trim());
  await client.connect();
  expect((await client.query('SELECT count(*)::int AS jobs FROM weighbridge.jobs')).rows).toEqual([{ jobs: 0 }]);
  await client.end();
});

test.for([
  [['store', 'psql', '--data', 'nowhere'], 1, /^weighbridge: there is no embedded store in .*nowhere; name its folder/],
  [['store', 'export', '/', '--data', 'nowhere'], 2, /^weighbridge: FILE must be one that isn't there yet, got \/\n$/],
  [
    ['store', 'import', 'missing.tar'],
    2,
    /^weighbridge: FILE must be an export that can be read, got missing.tar \(ENOENT\)\n$/,
  ],
  [
    ['store', 'export', 'x.tar', '--database-url', 'mysql://x'],
    2,
    /^weighbridge: --database-url must be like postgres:/,
  ],
  [
    ['store', 'export', 'x.tar', '--database-url', 'postgres://u:secret@127.0.0.1:1/x'],
    1,
    /^weighbridge: the PostgreSQL database at 127\.0\.0\.1:1\/x can't be used: connect ECONNREFUSED [^\n]*; see --database-url\n$/,
  ],
  [
    ['store', 'import', '/dev/null', '--database-url', 'postgres://u:secret@127.0.0.1:1/x'],
    1,
    /^weighbridge: the PostgreSQL database at 127\.0\.0\.1:1\/x can't be used: connect ECONNREFUSED [^\n]*; see --database-url\n$/,
  ],
  [['store', 'export'], 2, /^weighbridge: missing required argument 'file'; see `weighbridge store export --help`\n$/],
] as const)('%j is refused in a sentence', async ([args, code, sentence]) => {
  expect(await weighbridge([...args])).toMatchObject({ code, stderr: expect.stringMatching(sentence) });
});

test('help shows each command with an example', async () => {
  for (const command of ['psql', 'export', 'import']) {
    const { code, stdout } = await weighbridge(['store', command, '--help'], { PATH: dirname(process.execPath) });
    expect(code).toBe(0);
    expect(stdout).toContain(`$ weighbridge store ${command}`);
  }
});
