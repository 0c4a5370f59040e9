import { gunzipSync } from 'node:zlib';
import type { Job } from '@weighbridge/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startSharedWorker, stop } from '../../../e2e/support/cli.ts';
import { Cluster } from '../../../e2e/support/cluster.ts';
import { launch, PageUnderTest } from './support/page-under-test.ts';

let browser: Browser;
let cluster: Cluster;
let sight: PageUnderTest;

beforeAll(async () => {
  browser = await launch();
  cluster = await Cluster.start();
  await cluster.startWorker('scale-one');
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});
afterEach(() => sight?.close());

const master = () => ({ url: cluster.master?.apiUrl ?? '', token: cluster.master?.env.WEIGHBRIDGE_TOKEN ?? '' });

async function open(path = '/'): Promise<void> {
  const { url, token } = master();
  sight = await PageUnderTest.open(browser, url);
  await sight.page.goto(`${url}${path}#token=${token}`);
  await sight.is('live');
}

const shell = (script: string) => cluster.client.submit({ command: 'sh', args: ['-c', script] });
const untilState = (id: string, state: Job['state']) =>
  cluster.until(async () => (await cluster.client.job(id)).state === state);
const press = (name: string) => sight.page.getByRole('button', { name, exact: true }).click();
const answer = (name: string) => sight.page.locator('dialog').getByRole('button', { name, exact: true }).click();
const told = () => sight.text('.actions [role=status]');
const asked = () => sight.text('#dialog-title');

/** Drops files on the page, each as the page's own code makes it. */
async function dropFiles(files: readonly string[]): Promise<void> {
  const dataTransfer = await sight.page.evaluateHandle(
    `[${files.join()}].reduce((data, file) => (data.items.add(file), data), new DataTransfer())`,
  );
  await sight.page.dispatchEvent('body', 'drop', { dataTransfer });
}

describe('a job', () => {
  test('is cancelled when its reader has said so, and not before', async () => {
    const { id } = await shell('sleep 60');
    await untilState(id, 'running');
    await open(`/?view=job&job=${id}`);
    await press('Cancel the job');
    await expect.poll(asked).toBe('Cancel this job, and the jobs that depend on it?');
    expect(await sight.findBarriers()).toEqual([]);
    await sight.page.keyboard.press('Escape');
    await expect.poll(() => sight.page.locator('dialog').count()).toBe(0);
    await press('Cancel the job');
    await answer('No');
    expect((await cluster.client.job(id)).state).toBe('running');
    await press('Cancel the job');
    await answer('Cancel the job');
    await expect.poll(told).toBe('It is being cancelled: its node ends it within seconds.');
    await untilState(id, 'cancelled');
    await expect.poll(() => sight.text('.view-title h2')).toBe(`${id} cancelled`);
    await press('Try it again');
    await answer('Try it again');
    await expect.poll(told).toBe('It is queued again.');
    await untilState(id, 'running');
    await cluster.client.cancel(id);
    await untilState(id, 'cancelled');
  });

  test('that another has ended meanwhile is told', async () => {
    const { id } = await shell('sleep 60');
    await untilState(id, 'running');
    await open(`/?view=job&job=${id}`);
    await press('Cancel the job');
    await cluster.client.cancel(id);
    await untilState(id, 'cancelled');
    await cluster.client.retry(id);
    await untilState(id, 'running');
    await cluster.master?.child.kill('SIGSTOP');
    setTimeout(() => cluster.master?.child.kill('SIGCONT'), 1000);
    await answer('Cancel the job');
    await expect.poll(told).toMatch(/^It is being cancelled/);
    await untilState(id, 'cancelled');
    const [parent, child] = await cluster.client.submitAll([
      { command: 'sh', queue: 'nobody', key: 'first' },
      { command: 'sh', queue: 'nobody', dependsOn: ['first'] },
    ]);
    await cluster.client.cancel(parent?.id ?? '');
    await sight.page.goto(`${master().url}/?view=job&job=${child?.id}`);
    await expect.poll(() => sight.text('#depends')).toMatch(/^Depends on first cancelled/);
    expect(await sight.text('.reason')).toContain(`it depends on job ${parent?.id}, which was cancelled`);
    await press('Try it again');
    await answer('Try it again');
    await expect
      .poll(told)
      .toMatch(/^The server answered 409: job .* depends on job .*, which did not succeed; try that one again/);
  });
});

test('all jobs that have failed are tried again at once', async () => {
  await open();
  await press('Try all failed again');
  await expect.poll(told).toBe('No job has failed.');
  const flag = `${cluster.journalPath}-flag`;
  const ids = [];
  for (let n = 0; n < 3; n++) ids.push((await shell(`test -e ${flag}`)).id);
  for (const id of ids) await untilState(id, 'failed');
  await untilState((await shell(`touch ${flag}`)).id, 'succeeded');
  await press('Try all failed again');
  await expect.poll(asked).toBe('Try all 3 failed jobs again?');
  await answer('Try all failed again');
  await expect.poll(told).toBe('3 jobs are tried again.');
  for (const id of ids) await untilState(id, 'succeeded');
});

test('a node is drained and resumed', async () => {
  await open('/?view=node&node=scale-one');
  await press('Drain the node');
  await expect.poll(asked).toBe('Give scale-one no further jobs? What it runs goes on.');
  await answer('Drain the node');
  await expect.poll(told).toBe('It is given no further jobs.');
  await expect.poll(() => sight.text('.view-title h2')).toBe('scale-one draining');
  expect((await cluster.client.node('scale-one')).state).toBe('draining');
  await press('Resume the node');
  await answer('Resume the node');
  await expect.poll(() => sight.text('.view-title h2')).toBe('scale-one ready');
});

describe('a job is submitted', () => {
  /** Files that are dropped on the page, by name. */
  async function drop(files: Record<string, string>): Promise<void> {
    const parts = Object.entries(files).map(
      ([name, content]) => `new File([${JSON.stringify(content)}], ${JSON.stringify(name)})`,
    );
    await dropFiles(parts);
  }
  const submitted = () => sight.page.locator('#submitted a').evaluateAll((links) => links.map(({ title }) => title));

  test('with the files that are dropped on the page, and the bytes arrive as they were', async () => {
    const { env } = cluster.master ?? {};
    const gzip = await startSharedWorker(
      ['--name', 'zip', '--queue', 'zip', '--allow', 'gzip', '--work-dir', `${cluster.journalPath}-zip`],
      env ?? {},
    );
    await open();
    const content = 'weighbridge\n'.repeat(50_000);
    await drop({ 'big.txt': content });
    await expect.poll(asked).toBe('Submit a job');
    expect(await sight.findBarriers()).toEqual([]);
    await sight.page.getByLabel('Command', { exact: true }).fill("gzip -9 'big.txt'");
    await sight.page.getByLabel('Files that it sends back', { exact: true }).fill('*.gz');
    await sight.page.getByLabel('Queue', { exact: true }).fill('zip');
    await answer('Submit');
    await expect.poll(submitted).toHaveLength(1);
    expect(await sight.page.locator('dialog').count()).toBe(0);
    const [id = ''] = await submitted();
    await untilState(id, 'succeeded');
    expect(await cluster.client.job(id)).toMatchObject({ command: 'gzip', args: ['-9', 'big.txt'], queue: 'zip' });
    const sent = Buffer.from(await (await cluster.client.download(id, 'big.txt.gz')).arrayBuffer());
    expect(gunzipSync(sent).toString()).toBe(content);
    await stop(gzip.child);
  });

  test('one for each file, where that is chosen', async () => {
    await open();
    await drop({ 'a.txt': 'one\n', 'b b.txt': 'two\n', 'c.txt': 'three\n' });
    await press('Remove c.txt');
    await sight.page.getByLabel('One job for each file').check();
    await sight.page.getByLabel('Command', { exact: true }).fill(`sh -c 'tr a-z A-Z < "$1" > "$2"' - {} {.}.up`);
    await sight.page.getByLabel('Files that it sends back', { exact: true }).fill('*.up');
    await answer('Submit');
    await expect.poll(submitted).toHaveLength(2);
    const texts = [];
    for (const id of await submitted()) {
      await untilState(id, 'succeeded');
      const [{ name } = { name: '' }] = (await cluster.client.job(id)).outputs;
      texts.push([name, await (await cluster.client.download(id, name)).text()]);
    }
    expect(texts).toEqual([
      ['a.up', 'ONE\n'],
      ['b b.up', 'TWO\n'],
    ]);
  });

  test('and what is wrong with it is told where it was typed; the way out submits nothing', async () => {
    await open();
    const before = (await cluster.client.jobs({ limit: 1 })).jobs;
    await press('Submit a job');
    await sight.page.getByLabel('Command', { exact: true }).fill("echo 'a");
    await answer('Submit');
    await expect.poll(() => sight.text('dialog .error')).toBe("a quote (') is not closed");
    await sight.page.getByLabel('Command', { exact: true }).fill('echo a');
    await sight.page.getByLabel('Queue', { exact: true }).fill('no such name');
    await answer('Submit');
    await expect.poll(() => sight.text('dialog .error')).toMatch(/^The server answered 400: body\[0\]\.queue must be/);
    await answer('Never mind');
    await expect.poll(() => sight.page.locator('dialog').count()).toBe(0);
    expect((await cluster.client.jobs({ limit: 1 })).jobs).toEqual(before);
  });
});

test('an upload shows how far it is', async () => {
  await open();
  await dropFiles(['new File([new Uint8Array(150_000_000)], "zeros.bin")']);
  await sight.page.getByLabel('Command', { exact: true }).fill('sh -c true');
  await sight.page.evaluate(`
    globalThis.shown = [];
    new MutationObserver(() => shown.push(document.querySelector('dialog .transfer')?.textContent)).observe(
      document.querySelector('dialog'), { subtree: true, childList: true, characterData: true });
  `);
  await answer('Submit');
  await expect.poll(() => sight.page.locator('#submitted a').count(), { timeout: 30_000 }).toBe(1);
  const shown = await sight.page.evaluate<string[]>('shown');
  const percents = shown.flatMap((text) => /^ ?(\d+) %, [\d.]+ .B\/s$/.exec(text)?.[1] ?? []).map(Number);
  expect(percents.length).toBeGreaterThan(5);
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
});
