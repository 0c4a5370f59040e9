import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Bandwidth, BandwidthEndpoint, BandwidthHistory, BandwidthWindow } from '@weighbridge/protocol';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePorts } from '../../../e2e/support/free-port.ts';
import { AppProcess, getUntil } from '../../monitor/test/preload/app-process.ts';
import { launch, PageUnderTest } from './support/page-under-test.ts';

const shopFile = fileURLToPath(new URL('support/shop.mjs', import.meta.url));

/** A service with `--import`, which can be killed and started again at the same addresses. */
class Shop {
  readonly #env: NodeJS.ProcessEnv;
  readonly pageUrl: string;
  #app: AppProcess | undefined;
  #url = '';

  constructor(appPort: number, pagePort: number) {
    this.pageUrl = `http://127.0.0.1:${pagePort}`;
    this.#env = {
      APP_PORT: String(appPort),
      WEIGHBRIDGE_METRICS_LISTEN: `127.0.0.1:${pagePort}`,
      WEIGHBRIDGE_SERVICE: 'shop',
      WEIGHBRIDGE_ENDPOINTS: '/files/:name /uploads/:name',
    };
  }

  async start(): Promise<void> {
    this.#app = new AppProcess(shopFile, { env: this.#env });
    this.#url = await this.#app.line();
    await getUntil(`${this.pageUrl}/health`, (text) => text !== '');
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#app?.stop(signal);
  }

  async get(path: string): Promise<void> {
    await (await fetch(`${this.#url}${path}`, { headers: { connection: 'close' } })).arrayBuffer();
  }

  /** A download that nobody ends; its response is read. */
  async begin(path: string): Promise<() => void> {
    const gone = new AbortController();
    const response = await fetch(`${this.#url}${path}`, { signal: gone.signal, headers: { connection: 'close' } });
    void response.arrayBuffer().catch(() => undefined);
    return () => gone.abort();
  }

  async put(path: string, bytes: number): Promise<void> {
    const body = new Uint8Array(bytes);
    await (await fetch(`${this.#url}${path}`, { method: 'PUT', body, headers: { connection: 'close' } })).text();
  }

  /** What is no HTTP. */
  async garbage(): Promise<void> {
    const socket = connect(Number(new URL(this.#url).port), '127.0.0.1');
    socket.end('this is not a request\r\n\r\n').resume();
    await once(socket, 'close');
  }

  async ask<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.pageUrl}${path}`)).json()) as T;
  }

  /** Once the history has all that moved. */
  async quiet(): Promise<Bandwidth> {
    for (;;) {
      const bandwidth = await this.ask<Bandwidth>('/bandwidth');
      const { points } = await this.ask<BandwidthHistory>('/bandwidth/history');
      if (points.reduce((sum, point) => sum + (point[3] ?? 0), 0) === bandwidth.connection.out) return bandwidth;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

let browser: Browser;
let shop: Shop;
let sight: PageUnderTest;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

beforeEach(async () => {
  shop = new Shop(...((await freePorts(2)) as [number, number]));
  await shop.start();
});

afterEach(async () => {
  await shop.stop();
  await sight?.close();
});

async function open(path = '/', options: BrowserContextOptions = {}): Promise<void> {
  sight = await PageUnderTest.open(browser, shop.pageUrl, options);
  await sight.page.goto(`${shop.pageUrl}${path}`);
  await sight.is('live');
}

const endpoints = () => sight.page.locator('#endpoints tbody code').allInnerTexts();
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

test('shows what the API says to the byte, and which service it is', async () => {
  await shop.get('/files/a?bytes=2000000');
  await shop.put('/uploads/b', 300_000);
  const { connection, endpoints: all } = await shop.quiet();
  await open();
  await expect.poll(() => sight.exact('#out-total')).toBe(connection.out);
  expect(await sight.exact('#in-total')).toBe(connection.in);
  await expect.poll(endpoints).toEqual(['/files/:name', '/uploads/:name']);
  await expect.poll(() => sight.text('#endpoints tbody tr:nth-child(1) [data-label=Rate]')).toMatch(/B\/s$/);
  for (const [index, endpoint] of ['/files/:name', '/uploads/:name'].entries()) {
    const found = all.find((one) => one.endpoint === endpoint);
    const cell = (column: number) =>
      sight.exact(`#endpoints tbody tr:nth-child(${index + 1}) td:nth-of-type(${column})`);
    expect([await cell(1), await cell(2)]).toEqual([found?.requestBytes, found?.responseBytes]);
  }
  expect(await sight.text('.service')).toBe('shop');
  expect(await sight.page.title()).toMatch(/^In .*, out .* · shop · Weighbridge$/);
  expect(await sight.text('#balance')).toBe('balanced to the byte');
  expect(await sight.cells('#books tr.out')).toEqual(
    ['Out', connection.out, connection.out, 0, 0].map((value) =>
      typeof value === 'number' ? value.toLocaleString('en') : value,
    ),
  );
});

test('asks for no jobs, no nodes and no token where there are none', async () => {
  await open();
  await seconds(2.5);
  expect(await sight.page.locator('#forget, #jobs-section, #nodes-section, #own').count()).toBe(0);
  expect(new Set(sight.requests)).toEqual(
    new Set(['/', '/page.js', '/page.css', '/page/icon.svg', '/page/plot.js', '/bandwidth/stream']),
  );
});

test('says what is empty, and how to fill it', async () => {
  await open();
  await sight.page.getByText('No exchange yet.').waitFor();
});

describe('the chart', () => {
  test('has the time before the page was opened, and no hole where the live seconds begin', async () => {
    await shop.get('/files/a?bytes=1000000');
    await seconds(2);
    await open();
    for (let second = 0; second < 3; second++) {
      await shop.get('/files/a?bytes=100000');
      await seconds(1);
    }
    const { connection } = await shop.quiet();
    await sight.page.locator('.chart-table summary').click();
    const sum = (label: string) => sight.sum(`.chart-table [data-label=${label}]`);
    // The table is written anew each ten seconds.
    await expect.poll(async () => [await sum('Out'), await sum('In')]).toEqual([connection.out, connection.in]);
    expect(await sight.text('.chart-table')).toContain('Started at');
  });

  test('tells a moment under the pointer, and by the arrow keys', async () => {
    await shop.get('/files/a?bytes=1000000');
    await seconds(2);
    await open();
    const box = await sight.page.locator('.plot .u-over').boundingBox();
    await sight.page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) - 2, (box?.y ?? 0) + 50);
    await expect.poll(() => sight.text('.tip')).toMatch(/^\d\d:\d\d:\d\d\s+Out .*B\/s\s+In .*B\/s$/);
    await sight.page.mouse.move(0, 0);
    const chart = sight.page.locator('.chart');
    const said = () => chart.getAttribute('aria-valuetext');
    await chart.press('Home');
    await expect.poll(said).toMatch(/^\d\d:\d\d:\d\d: out (1\.0\d MB|99\d kB)\/s, in \d+ B\/s$/);
    const first = await said();
    await chart.press('ArrowRight');
    await expect.poll(said).not.toBe(first);
    await chart.press('ArrowLeft');
    await expect.poll(said).toBe(first);
    // It stays there while time goes on.
    await seconds(2.5);
    expect(await said()).toBe(first);
  });

  test('a stretch of time is chosen by dragging: its sum is what the API says, and it stands in the URL', async () => {
    await shop.get('/files/a?bytes=3000000');
    await seconds(2);
    await shop.put('/uploads/b', 500_000);
    await shop.quiet();
    await open();
    await sight.drag(0.7, 1);
    await sight.page.locator('#window .summary').waitFor();
    const url = new URL(sight.page.url());
    const [from, to] = [url.searchParams.get('from'), url.searchParams.get('to')];
    const window = await shop.ask<BandwidthWindow>(`/bandwidth/window?from=${from}&to=${to}`);
    expect(window.out).toBeGreaterThan(3_000_000);
    expect(await sight.text('#window .summary')).toMatch(
      /^3\.00 MB out, 50\d kB in in \d+ s; 100\.0 % of what went out: GET \/files\/:name\.$/,
    );
    expect(await sight.page.locator('#window tbody code').allInnerTexts()).toEqual([
      'GET /files/:name',
      'PUT /uploads/:name',
    ]);
    expect(await sight.exact('#window tbody tr:nth-child(1) td[data-label=Out]')).toBe(window.endpoints[0]?.out);

    await sight.page.reload();
    await sight.page.locator('#window .summary').waitFor();
    await sight.page.locator('#clear-window').click();
    await sight.page.locator('#window').waitFor({ state: 'detached' });
    await sight.page.goBack();
    await sight.page.locator('#window .summary').waitFor();
  });

  test('a stretch of time is chosen by keyboard alone', async () => {
    await shop.get('/files/a?bytes=100000');
    await seconds(3);
    await open();
    const chart = sight.page.locator('.chart');
    await chart.press('Home');
    await chart.press('Space');
    await chart.press('End');
    await chart.press('Space');
    await sight.page.locator('#window .summary').waitFor();
    await chart.press('Escape');
    await sight.page.locator('#window').waitFor({ state: 'detached' });
  });

  test('a day is shown by the minute, with the minute that has begun', async () => {
    await shop.get('/files/a?bytes=1000000');
    const { connection } = await shop.quiet();
    await open();
    await sight.page.locator('[data-span=day]').click();
    expect(new URL(sight.page.url()).searchParams.get('span')).toBe('day');
    await sight.page.locator('.chart-table summary').click();
    await expect
      .poll(() => sight.exact('.chart-table tbody tr:nth-child(1) td[data-label=Out]'))
      .toBeGreaterThan(connection.out - 1);
  });
});

describe('the table of endpoints', () => {
  test('is sorted by keyboard and filtered by text, and the URL holds both', async () => {
    await shop.get('/files/a?bytes=200000');
    await shop.put('/uploads/b', 100_000);
    await shop.quiet();
    await open();
    await expect.poll(endpoints).toEqual(['/files/:name', '/uploads/:name']);
    await sight.page.locator('[data-sort=in]').press('Enter');
    await expect.poll(endpoints).toEqual(['/uploads/:name', '/files/:name']);
    await sight.page.locator('[data-sort=in]').press('Enter');
    await expect.poll(endpoints).toEqual(['/files/:name', '/uploads/:name']);
    expect(await sight.page.locator('[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
    await sight.page.locator('#filter').fill('UPLOADS');
    await expect.poll(endpoints).toEqual(['/uploads/:name']);
    await sight.page.reload();
    await sight.is('live');
    await expect.poll(endpoints).toEqual(['/uploads/:name']);
    expect(await sight.page.locator('[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
    await sight.page.locator('#filter').fill('nothing like that');
    await sight.page.getByText('No endpoint matches the filter.').waitFor();
  });

  test('a selection of text survives the next seconds', async () => {
    await shop.get('/files/a?bytes=200000');
    await shop.put('/uploads/b', 100_000);
    await open();
    await sight.page.locator('#endpoints tbody tr:nth-child(2) td').first().dblclick();
    const selected = () => sight.page.evaluate<string>('getSelection().toString()');
    const before = await selected();
    expect(before).not.toBe('');
    await shop.get('/files/a?bytes=200000');
    await seconds(2.5);
    expect(await selected()).toBe(before);
  });

  test('opens an endpoint with its own chart; back is back', async () => {
    await shop.get('/files/a?bytes=200000');
    await shop.put('/uploads/b', 100_000);
    await shop.quiet();
    await open();
    await sight.page.locator('#endpoints a').first().click();
    await sight.page.locator('.view-title code').waitFor();
    expect(await sight.text('.view-title h2')).toBe('GET /files/:name');
    const all = await shop.ask<Bandwidth>('/bandwidth');
    const found = all.endpoints.find(({ endpoint }) => endpoint === '/files/:name');
    await sight.page.locator('.chart-table summary').click();
    await expect
      .poll(() => sight.exact('.chart-table tbody tr:nth-child(1) td[data-label=Out]'))
      .toBe(found?.responseBytes);
    await sight.page.reload();
    await sight.is('live');
    expect(await sight.text('.view-title h2')).toBe('GET /files/:name');
    await sight.page.goBack();
    await sight.page.locator('#endpoints').waitFor();
  });
});

test('an endpoint has its statuses, sizes and what is in flight, as the API says', async () => {
  await shop.get('/files/a?bytes=200000');
  const end = await shop.begin('/files/slow');
  await shop.quiet();
  await open('/?view=endpoint&method=GET&endpoint=%2Ffiles%2F%3Aname');
  const facts = () => sight.text('.facts');
  await expect.poll(facts).toMatch(/In flight\s+1/);
  const details = await shop.ask<BandwidthEndpoint>('/bandwidth/endpoint?method=GET&endpoint=/files/:name');
  expect(details).toMatchObject({ exchanges: 1, inFlight: 1, aborted: 0 });
  expect(await facts()).toMatch(/Exchanges\s+1\s/);
  expect(await facts()).toMatch(/Response size, p50 \/ p95\s+about 550 kB \/ 955 kB/);
  expect(await sight.exact('#statuses [data-label=Out]')).toBe(details.responses[0]?.bytes);

  await expect
    .poll(() => sight.cells('#transfers tbody tr'))
    .toEqual(['GET /files/:name', '2.50 MB of 10.0 MB', '0 B/s', '–']);
  expect(await sight.findBarriers()).toEqual([]);
  end();
  await sight.page.locator('#transfers').waitFor({ state: 'detached' });
  await expect.poll(facts).toMatch(/Aborted\s+50\.0 %/);
});

test('says what an endpoint of its own making means, and how to change it', async () => {
  await shop.get('/elsewhere');
  await open('/?view=endpoint&method=GET&endpoint=_unrouted');
  await expect.poll(() => sight.text('.explained')).toContain('WEIGHBRIDGE_ENDPOINTS=');
});

test('has the bytes of no exchange by reason', async () => {
  await shop.garbage();
  await open();
  await sight.page.locator('#books a').click();
  await sight.page.locator('#reasons').waitFor();
  const { unattributedReasons } = await shop.ask<Bandwidth>('/bandwidth');
  expect(unattributedReasons.malformed?.in).toBeGreaterThan(10);
  const malformed = '#reasons tr:has(th:text-is("malformed"))';
  await expect.poll(() => sight.exact(`${malformed} [data-label=In]`)).toBe(unattributedReasons.malformed?.in);
  expect(await sight.findBarriers()).toEqual([]);
});

test('says that the connection is lost, keeps what it showed, and comes back when the service does', async () => {
  await shop.get('/files/a?bytes=1000000');
  const { connection } = await shop.quiet();
  await open();
  await expect.poll(() => sight.exact('#out-total')).toBe(connection.out);
  await shop.stop('SIGKILL');
  await sight.is('lost');
  expect(await sight.text('#lost')).toMatch(/Connection lost\. .* Trying again in \d s\. What you see is from \d\d:/);
  expect(await sight.exact('#out-total')).toBe(connection.out);

  await shop.start();
  await sight.page.locator('#retry').click();
  await sight.is('live');
  expect(await sight.page.locator('#lost').count()).toBe(0);
  // The new process counts from zero: no rate is made of the difference.
  await expect.poll(() => sight.exact('#out-total')).toBe(0);
  await shop.get('/files/a?bytes=5000');
  await seconds(2.5);
  await sight.page.locator('.chart-table summary').click();
  const { connection: after } = await shop.quiet();
  await expect.poll(() => sight.exact('.chart-table tbody tr:nth-child(1) td[data-label=Out]')).toBe(after.out);
});

test('draws the chart as soon as what draws it can be loaded', async () => {
  sight = await PageUnderTest.open(browser, shop.pageUrl);
  let isRefused = true;
  await sight.page.route('**/page/plot.js', (route) => (isRefused ? route.abort() : route.continue()));
  await sight.page.goto(shop.pageUrl);
  await sight.is('live');
  expect(await sight.page.locator('.plot canvas').count()).toBe(0);
  isRefused = false;
  await sight.page.locator('.plot canvas').waitFor();
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test('has no barrier, in any state', async () => {
    await shop.get('/files/a?bytes=1000000');
    await shop.quiet();
    await open('/', { colorScheme });
    expect(await sight.findBarriers()).toEqual([]);
    await sight.page.locator('.chart-table summary').click();
    await sight.page.locator('.chart').press('End');
    await sight.drag(0.8, 0.95);
    await sight.page.locator('#window .summary').waitFor();
    expect(await sight.findBarriers()).toEqual([]);
    await sight.page.locator('#endpoints a').first().click();
    await sight.page.locator('.view-title').waitFor();
    expect(await sight.findBarriers()).toEqual([]);
    await shop.stop('SIGKILL');
    await sight.is('lost');
    expect(await sight.findBarriers()).toEqual([]);
  });

  test('fits a phone', async () => {
    await shop.get('/files/a?bytes=1000000');
    await shop.quiet();
    await open('/', { colorScheme, viewport: { width: 390, height: 800 } });
    const width = () => sight.page.evaluate('document.documentElement.scrollWidth');
    expect(await width()).toBe(390);
    await sight.drag(0.7, 0.95);
    await sight.page.locator('#window .summary').waitFor();
    expect(await width()).toBe(390);
    await sight.page.locator('#endpoints a').first().click();
    await sight.page.locator('.view-title').waitFor();
    expect(await width()).toBe(390);
    expect(await sight.findBarriers()).toEqual([]);
  });
});
