import { fileURLToPath } from 'node:url';
import type { Bandwidth, BandwidthEndpoint, BandwidthWindow } from '@weighbridge/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppProcess } from '../../monitor/test/preload/app-process.ts';
import { launch, PageUnderTest } from './support/page-under-test.ts';

let browser: Browser;
let app: AppProcess;
let url: string;
let page: string;
let sight: PageUnderTest;

beforeAll(async () => {
  browser = await launch();
  app = new AppProcess(fileURLToPath(new URL('support/tenants.mjs', import.meta.url)), { args: [] });
  [url, page] = [await app.line(0), await app.line(1)];
});
afterAll(async () => {
  await sight?.close();
  await browser?.close();
  await app?.stop();
});

async function get(tenant: string, bytes: number): Promise<void> {
  const headers = { 'x-tenant': tenant, connection: 'close' };
  await (await fetch(`${url}/files/a?bytes=${bytes}`, { headers })).arrayBuffer();
}

const ask = async <T>(path: string) => (await (await fetch(`${page}${path}`)).json()) as T;

test('clients are shown to the byte: of all, of one endpoint, in a stretch of time, and each with a chart', async () => {
  await get('acme', 2_000_000);
  await get('globex', 100_000);
  sight = await PageUnderTest.open(browser, page);
  await sight.page.goto(page);
  await sight.is('live');
  const { clients } = await ask<Bandwidth>('/bandwidth');
  expect(clients.map(({ client }) => client)).toEqual(['acme', 'globex']);
  await expect.poll(() => sight.page.locator('#clients tbody code').allInnerTexts()).toEqual(['acme', 'globex']);
  expect(await sight.exact('#clients tbody tr:nth-child(1) [data-label=Out]')).toBe(clients[0]?.out);
  expect(await sight.findBarriers()).toEqual([]);

  await sight.page.locator('#endpoints a').first().click();
  await sight.page.locator('#endpoint-clients').waitFor();
  const details = await ask<BandwidthEndpoint>('/bandwidth/endpoint?method=GET&endpoint=/files/:name');
  expect(details.clients.map(({ out }) => out)).toEqual(clients.map(({ out }) => out));
  expect(await sight.exact('#endpoint-clients tbody tr:nth-child(2) [data-label=Out]')).toBe(details.clients[1]?.out);

  await sight.page.locator('#endpoint-clients a').first().click();
  await expect.poll(() => sight.text('.view-title h2')).toBe('acme');
  await sight.page.locator('.chart-table summary').click();
  await expect.poll(() => sight.sum('.chart-table [data-label=Out]')).toBe(clients[0]?.out);
  expect(await sight.findBarriers()).toEqual([]);

  const [from, to] = [Date.now() - 60_000, Date.now()];
  await sight.page.goto(`${page}/?from=${from}&to=${to}`);
  await sight.page.locator('#window .summary').waitFor();
  const window = await ask<BandwidthWindow>(`/bandwidth/window?from=${from}&to=${to}`);
  const line = '#window tr:has(code:text-is("globex"))';
  expect(await sight.exact(`${line} [data-label=Out]`)).toBe(
    window.clients.find(({ client }) => client === 'globex')?.out,
  );
});
