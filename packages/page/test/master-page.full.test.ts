import { readFile, writeFile } from 'node:fs/promises';
import { attemptHeader, type Bandwidth, type BandwidthHistory } from '@weighbridge/protocol';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { stop } from '../../../e2e/support/cli.ts';
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

async function ask<T>(path: string): Promise<T> {
  const { url, token } = master();
  return (await (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })).json()) as T;
}

async function open(path = '/', options: BrowserContextOptions = {}): Promise<void> {
  const { url, token } = master();
  sight = await PageUnderTest.open(browser, url, options);
  await sight.page.goto(`${url}${path}#token=${token}`);
  await sight.is('live');
}

/** A job that the worker runs with these arguments of `sh -c`. */
async function runJob(script: string, ...args: string[]): Promise<string> {
  const { id } = await cluster.client.submit({ command: 'sh', args: ['-c', script, ...args] });
  await cluster.untilEnded(id);
  return id;
}

describe('the token', () => {
  test('is asked for once, a wrong one is told, and the right one is kept over a reload', async () => {
    const { url, token } = master();
    sight = await PageUnderTest.open(browser, url);
    const { page } = sight;
    await page.goto(url);
    await sight.is('ask');
    expect(await page.evaluate('document.activeElement.id')).toBe('token');
    expect(await page.locator('#content, #forget').count()).toBe(0);
    expect(await sight.findBarriers()).toEqual([]);

    await page.keyboard.type('wrong-token');
    await page.keyboard.press('Enter');
    await page.getByText('The server did not take this token.').waitFor();
    await expect.poll(() => page.locator('#token').inputValue()).toBe('');

    await page.keyboard.type(token);
    await page.keyboard.press('Enter');
    await sight.is('live');
    await page.reload();
    await sight.is('live');
    await page.locator('#forget').click();
    await sight.is('ask');
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  test("is taken from the address's fragment and removed there", async () => {
    await open('/?view=unattributed');
    expect(sight.page.url()).toBe(`${master().url}/?view=unattributed`);
  });
});

test('leaves its own traffic out, says so, and shows it when asked', async () => {
  await open();
  const own = ['/', '/bandwidth/stream', '/page.js'];
  const shown = () => sight.page.locator('#endpoints tbody code').allInnerTexts();
  await expect.poll(() => sight.text('#own')).toMatch(/This page's own traffic is left out: [\d.]+ .?B\. .* Show it/);
  await expect.poll(shown).toContain('/nodes/:id/heartbeat');
  for (const endpoint of own) expect(await shown()).not.toContain(endpoint);
  const without = await sight.exact('#out-total');
  await sight.page.getByRole('button', { name: 'Show it' }).click();
  await expect.poll(shown).toEqual(expect.arrayContaining(own));
  await expect.poll(() => sight.exact('#out-total')).toBeGreaterThan(without);
  expect(new URL(sight.page.url()).searchParams.has('own')).toBe(true);
});

test("shows jobs and nodes as the API has them, and never runs what a job's text says", async () => {
  const text = '<img src=/x onerror=alert(1)>';
  const id = await runJob('exit 2', text);
  await open();
  const row = `#jobs tbody tr:has(a[title="${id}"])`;
  await sight.page.locator(row).waitFor();
  const [short, state, command] = await sight.cells(row);
  expect([short, state]).toEqual([id.slice(0, 8), 'failed']);
  expect(command).toContain(text);
  expect(await sight.page.locator('#jobs img').count()).toBe(0);
  const { bytes } = await cluster.client.job(id);
  expect(await sight.exact(`${row} [data-label=In]`)).toBe(bytes.in);

  const node = '#nodes tbody tr';
  await expect
    .poll(async () => (await sight.cells(node)).slice(0, 4))
    .toEqual(['scale-one', 'ready', 'default', '0 of 1']);
  const { nodes } = await ask<Bandwidth>('/bandwidth');
  expect(await sight.exact(`${node} [data-label=In]`)).toBeGreaterThan((nodes[0]?.in ?? 0) - 10_000);
  await sight.page.locator(`${node} a`).first().click();
  await expect.poll(() => sight.text('.view-title h2')).toBe('scale-one ready');
  await sight.page.goBack();
  await sight.page.locator(`${row} a`).click();
  await expect.poll(() => sight.text('.view-title h2')).toBe(`${id} failed`);
  expect(await sight.page.locator('main img').count()).toBe(0);
});

test('shows older jobs a page at a time', async () => {
  const jobs = Array.from({ length: 45 }, (_, number) => ({
    command: 'sh',
    args: ['-c', `: ${number}`],
    queue: 'nobody',
  }));
  await Promise.all(jobs.map((job) => cluster.client.submit(job)));
  await open('/?view=queue&queue=nobody');
  const rows = () => sight.page.locator('#jobs tbody tr').count();
  await expect.poll(rows).toBe(20);
  await sight.page.locator('#more-jobs').click();
  await expect.poll(rows).toBe(40);
  await sight.page.locator('#more-jobs').click();
  await expect.poll(rows).toBe(45);
  expect(await sight.page.locator('#more-jobs').count()).toBe(0);
  // The first page is asked for again meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(await rows()).toBe(45);
});

test('opens a job: attempts, bytes, files to download, its whole log', async () => {
  const { id } = await cluster.client.submit({
    command: 'sh',
    args: ['-c', 'echo to out; echo to err >&2; printf result > made.txt; exit $(test -e /nowhere; echo $?)'],
    retryLimit: 1,
    retryBackoff: 0,
  });
  const made = await cluster.client.submit({
    command: 'sh',
    args: ['-c', 'printf result > made.txt'],
    files: { outputs: ['*.txt'] },
  });
  await cluster.untilEnded(id);
  await cluster.untilEnded(made.id);
  await open(`/?view=job&job=${id}`);
  await sight.page.locator('#attempts tbody tr').nth(1).waitFor();
  const job = await cluster.client.job(id);
  for (const attempt of job.attempts) {
    const row = `#attempts tbody tr:nth-child(${attempt.number})`;
    expect(await sight.exact(`${row} [data-label=In]`)).toBe(attempt.bytes.in);
    expect(await sight.exact(`${row} [data-label=Out]`)).toBe(attempt.bytes.out);
    expect((await sight.cells(row))[2]).toBe('scale-one');
  }
  await expect.poll(() => sight.text('.log')).toMatch(/attempt 1[\s\S]*to out[\s\S]*attempt 2[\s\S]*to err/);
  await expect.poll(() => sight.text('section:has(.log) .aside')).toBe('complete');
  expect(await sight.findBarriers()).toEqual([]);

  await sight.page.goto(`${master().url}/?view=job&job=${made.id}`);
  const download = sight.page.waitForEvent('download');
  await sight.page.getByRole('button', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toBe('made.txt');
  expect(await readFile(await (await download).path(), 'utf8')).toBe('result');
});

test("follows a job's log while it runs, over a restart of the page", async () => {
  const { id } = await cluster.client.submit({
    command: 'sh',
    args: ['-c', 'echo begun; while ! test -e "$FLAG"; do sleep 0.1; done; echo over'],
    env: { FLAG: `${cluster.journalPath}-flag` },
  });
  await open(`/?view=job&job=${id}`);
  await expect.poll(() => sight.text('.log')).toContain('begun');
  expect(await sight.text('.log')).not.toContain('over');
  await writeFile(`${cluster.journalPath}-flag`, '');
  await expect.poll(() => sight.text('.log')).toContain('over');
  await expect.poll(() => sight.text('.view-title .state')).toBe('succeeded');
});

test('a queue has its oldest job, and a job says what it waits for', async () => {
  const lonely = await cluster.client.submit({ command: 'sh', args: ['-c', ':'], queue: 'lonely' });
  await cluster.client.submit({ command: 'sh', args: ['-c', ':'], queue: 'lonely', priority: 9 });
  await open('/?view=queue&queue=lonely');
  await expect.poll(() => sight.text('.facts')).toMatch(/queued\s+2/);
  expect(await sight.text('.facts')).toContain('no node that is ready');
  await sight.page.locator('.facts a').click();
  await expect.poll(() => sight.text('#waits')).toBe('Waiting: no node serves queue lonely');
  expect(await sight.text('.view-title code')).toBe(lonely.id);
  const large = await cluster.client.submit({ command: 'sh', args: ['-c', ':'], slots: 50 });
  await sight.page.goto(`${master().url}/?view=job&job=${large.id}`);
  await expect.poll(() => sight.text('#waits')).toBe('Waiting: needs 50 slots, the largest node has 1');
});

test('a transfer under way has its job and how far it is', async () => {
  const job = await runJob(':');
  const { url, token } = master();
  const gone = new AbortController();
  const half = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(3_000_000));
    },
  });
  const upload = fetch(`${url}/blobs/${'a'.repeat(64)}`, {
    method: 'PUT',
    body: half,
    duplex: 'half',
    signal: gone.signal,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/octet-stream',
      [attemptHeader]: `${job}/1`,
    },
  } as RequestInit).catch(() => undefined);
  await open();
  const row = `#transfers tbody tr:has(a[title="${job}"])`;
  await sight.page.locator(row).waitFor();
  await expect
    .poll(async () => (await sight.cells(row)).slice(0, 3))
    .toEqual(['PUT /blobs/:sha256', job.slice(0, 8), '3.00 MB']);
  gone.abort();
  await upload;
  await sight.page.locator(row).waitFor({ state: 'detached' });
});

test('after a restart of the master, the day has what moved before it, and the start is marked', async () => {
  await open('/?span=day');
  const stopped = cluster.master && stop(cluster.master.child);
  await sight.is('lost');
  expect(await sight.findBarriers()).toEqual([]);
  await stopped;
  await cluster.startMaster();
  await sight.is('live');
  const { points, starts } = await ask<BandwidthHistory>('/bandwidth/history?resolution=minute');
  const [, second = 0] = starts;
  const before = points
    .filter(([at]) => (at ?? 0) < second)
    .reduce((sum, point) => sum + (point[3] ?? 0) - (point[5] ?? 0), 0);
  expect(before).toBeGreaterThan(1000);
  await sight.page.locator('.chart-table summary').click();
  await expect.poll(() => sight.text('.chart-table .aside')).toMatch(/^Started at \d\d:\d\d:\d\d, \d\d:\d\d:\d\d\.$/);
  await expect.poll(() => sight.sum('.chart-table [data-label=Out]')).toBeGreaterThanOrEqual(before);
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test('has no barrier while it asks for a token, and while it waits for the first totals', async () => {
    const { url, token } = master();
    sight = await PageUnderTest.open(browser, url, { colorScheme });
    await sight.page.goto(url);
    await sight.is('ask');
    expect(await sight.findBarriers()).toEqual([]);
    // A server that takes the question and stays silent.
    await sight.page.route('**/bandwidth/stream', () => {});
    await sight.page.goto(`${url}/?#token=${token}`);
    await sight.is('connecting');
    await sight.page.getByText('waiting for the first totals').first().waitFor();
    expect(await sight.text('#in-rate')).toBe('–');
    expect(await sight.findBarriers()).toEqual([]);
  });

  test('has no barrier in the views of a queue, of what is unattributed, of an endpoint', async () => {
    for (const [view, sign] of [
      ['queue&queue=default', '.facts'],
      ['unattributed', '#reasons'],
      ['endpoint&method=PUT&endpoint=%2Fblobs%2F%3Asha256', '.facts'],
    ]) {
      await open(`/?view=${view}`, { colorScheme });
      await sight.page.locator(sign as string).waitFor();
      expect([view, await sight.findBarriers()]).toEqual([view, []]);
      await sight.close();
    }
  });

  test('has no barrier and fits a phone, whatever the names', async () => {
    await runJob(': x', 'x'.repeat(300));
    await open('/', { colorScheme, viewport: { width: 390, height: 800 } });
    await sight.page.locator('#jobs tbody tr').first().waitFor();
    await sight.page.locator('#nodes tbody tr').first().waitFor();
    const width = () => sight.page.evaluate('document.documentElement.scrollWidth');
    expect(await width()).toBe(390);
    expect(await sight.findBarriers()).toEqual([]);
    await sight.page.locator('#jobs a').first().click();
    await sight.page.locator('.view-title .state').waitFor();
    expect(await width()).toBe(390);
    expect(await sight.findBarriers()).toEqual([]);
    await sight.page.goBack();
    await sight.page.locator('#nodes a').first().click();
    await sight.page.locator('.view-title .state').waitFor();
    expect(await width()).toBe(390);
    expect(await sight.findBarriers()).toEqual([]);
  });
});
