import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import type { Job } from '@weighbridge/protocol';
import { expect, test } from 'vitest';
import { anyPorts, npmStart, type Running, weighbridge } from './support/cli.ts';
import { countedExchange } from './support/counting-client.ts';
import { createFolder } from './support/folder.ts';
import { scrape } from './support/metrics.ts';

const run = promisify(execFile);
const inputBytes = 24 * 1024 ** 2;

/** Real material, neither random nor repeated: machine code, tables and text of the Node that runs this. */
async function createInput(folder: string): Promise<string> {
  const path = join(folder, 'input.bin');
  await pipeline(createReadStream(process.execPath, { end: inputBytes - 1 }), createWriteStream(path));
  expect((await stat(path)).size).toBe(inputBytes);
  return path;
}

async function sha256Of(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

/** Counters grow until the server has seen the end of an exchange: wait for that, then they stand. */
async function settled(
  running: Running,
  name: string,
  labels: Record<string, string>,
  expected: number,
): Promise<void> {
  const read = async () => (await scrape(running.metricsUrl)).sum(name, labels);
  await expect.poll(read, { timeout: 5000 }).toBe(expected);
}

test('a job compresses a real file, and every byte of its way is counted', { timeout: 120_000 }, async () => {
  const folder = await createFolder();
  const input = await createInput(folder);
  const sha256 = await sha256Of(createReadStream(input));
  const master = await npmStart([...anyPorts, '--data', join(folder, 'data')]);
  const authorization = `Bearer ${(await readFile(join(folder, 'data', 'token'), 'utf8')).trim()}`;
  const put = { method: 'PUT', endpoint: '/blobs/:sha256' };
  const get = { method: 'GET', endpoint: '/jobs/:id/files/:name' };

  const before = await scrape(master.metricsUrl);
  const upload = await countedExchange(
    `${master.apiUrl}/blobs/${sha256}`,
    {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/octet-stream', 'content-length': inputBytes },
    },
    input,
  );
  expect(upload.status).toBe(201);
  expect(upload.bytesWritten).toBeGreaterThan(inputBytes);
  const uploadedBefore = before.sum('scheduler_http_request_bytes_total', put);
  await settled(master, 'scheduler_http_request_bytes_total', put, uploadedBefore + upload.bytesWritten);

  const submitted = await weighbridge(
    ['jobs', 'submit', '--json', '--wait', '--input', input, '--output', '*.gz', '--', 'gzip', '-v', 'input.bin'],
    master.env,
  );
  expect(submitted).toMatchObject({ code: 0, stderr: '' });
  const job = JSON.parse(submitted.stdout) as Job;
  expect(job).toMatchObject({ state: 'succeeded', exitCode: 0, outputs: [{ name: 'input.bin.gz' }] });

  const logs = await weighbridge(['jobs', 'logs', job.id], master.env);
  expect(logs).toMatchObject({ code: 0, stderr: expect.stringContaining('input.bin.gz') });

  const path = join(folder, 'result.gz');
  const download = await countedExchange(
    `${master.apiUrl}/jobs/${job.id}/files/input.bin.gz`,
    { headers: { authorization } },
    undefined,
    createWriteStream(path),
  );
  expect(download.status).toBe(200);
  await settled(master, 'scheduler_http_response_bytes_total', get, download.bytesRead);
  expect(await sha256Of(createReadStream(path).pipe(createGunzip()))).toBe(sha256);

  const fetched = await weighbridge(['jobs', 'download', job.id, '--to', `${folder}/results/`], master.env);
  expect(fetched).toMatchObject({ code: 0, stderr: '' });
  const unpacked = createReadStream(join(folder, 'results', 'input.bin.gz')).pipe(createGunzip());
  expect(await sha256Of(unpacked)).toBe(sha256);

  const show = await weighbridge(['jobs', 'show', job.id, '--json'], master.env);
  // The worker fetched the input and sent the result: heads and logs come on top.
  expect((JSON.parse(show.stdout) as Job).bytes.out).toBeGreaterThan(inputBytes);

  const grep = await run('sh', ['-c', `curl -s ${master.metricsUrl} | grep scheduler_http`]);
  for (const family of [
    'request_bytes_total',
    'response_bytes_total',
    'request_size_bytes_count',
    'response_size_bytes_count',
  ]) {
    expect(grep.stdout).toContain(`scheduler_http_${family}{`);
  }
  const books = await scrape(master.metricsUrl);
  for (const direction of ['in', 'out'] as const) {
    const { endpoints, unattributed, pending, connection } = books.books(direction);
    expect(endpoints + unattributed + pending, direction).toBe(connection);
    expect(connection).toBeGreaterThan(inputBytes);
  }
});
