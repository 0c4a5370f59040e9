import type { Bandwidth, BandwidthHistory } from '@weighbridge/protocol';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
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
  await expect.poll(() => sight.text('#own')).toMatch(/This page's own traffic is left out: [\d.]+ .?B\. Show it/);
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
  expect((await sight.cells(node)).slice(0, 4)).toEqual(['scale-one', 'ready', 'default', '0 of 1']);
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

test('after a restart of the master, the day has what moved before it, and the start is marked', async () => {
  await open('/?span=day');
  await cluster.master?.child.kill('SIGTERM');
  await sight.is('lost');
  expect(await sight.findBarriers()).toEqual([]);
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
