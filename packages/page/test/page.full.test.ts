import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { DemoServer } from './demo-server.ts';
import { at, bandwidth, job, node } from './figures.ts';

const put = 'PUT /blobs/:sha256';
const get = 'GET /jobs/:id/files/:name';
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

let browser: Browser;
let server: DemoServer;
let context: BrowserContext;
let page: Page;
/** What must not happen on any page: an exception, a policy broken, a request to elsewhere. */
let wrongs: string[];

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', ...quiet] });
});
afterAll(() => browser?.close());

beforeEach(async () => {
  server = new DemoServer();
  await server.start();
  wrongs = [];
  await open({});
});

afterEach(async () => {
  await context.close();
  await server.stop();
  expect(wrongs).toEqual([]);
});

async function open(options: BrowserContextOptions): Promise<void> {
  await context?.close();
  context = await browser.newContext(options);
  page = await context.newPage();
  page.on('pageerror', (error) => wrongs.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedHTML/.test(message.text())) wrongs.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${server.url}/`)) wrongs.push(request.url());
  });
}

async function openWithToken(): Promise<void> {
  await page.goto(`${server.url}/#token=${server.token}`);
}

async function live(): Promise<void> {
  await page.locator('body[data-view=live]').waitFor();
}

async function textOf(selector: string): Promise<string> {
  return (await page.locator(selector).allInnerTexts()).join();
}

function cellsOf(row: string): Promise<string[]> {
  return page.locator(`${row} > :is(th, td)`).allInnerTexts();
}

test('asks for the token once, says when it is wrong, and keeps it over a reload', async () => {
  server.send(bandwidth(0, []));
  await page.goto(server.url);
  await page.locator('#ask').waitFor();
  expect(await page.evaluate('document.activeElement.id')).toBe('token');
  expect(await page.locator('#figures').isVisible()).toBe(false);

  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('The server did not take this token.').waitFor();

  await page.keyboard.type(server.token);
  await page.keyboard.press('Enter');
  await live();
  await page.reload();
  await live();
  expect(await page.locator('#ask').isVisible()).toBe(false);
});

test("takes the token from the address's fragment and removes it there", async () => {
  server.send(bandwidth(0, []));
  await openWithToken();
  await live();
  expect(page.url()).toBe(`${server.url}/`);
});

test('forgets the token when asked to', async () => {
  server.send(bandwidth(0, []));
  await openWithToken();
  await live();
  await page.locator('#forget').click();
  await page.locator('#ask').waitFor();
  expect(await page.evaluate('sessionStorage.length')).toBe(0);
});

test('waits for the first snapshot without inventing figures', async () => {
  await openWithToken();
  await page.getByText('waiting for the first figures').first().waitFor();
  expect(await page.locator('body').getAttribute('data-view')).toBe('connecting');
  expect(await textOf('#in-rate')).toBe('–');
});

test('says what is empty, and how to fill it', async () => {
  server.send(bandwidth(0, [['GET /jobs', 0, 0, 0]]));
  await openWithToken();
  await page.getByText('No exchange yet.').waitFor();
  await page.getByText('No job yet.').waitFor();
  await page.getByText('No node yet.').waitFor();
});

test('shows the rate between two snapshots, by direction and by endpoint', async () => {
  server.send(bandwidth(0, [[put, 1000, 10]]));
  await openWithToken();
  await live();
  server.send(bandwidth(2, [[put, 5_001_000, 20_010]]));
  await page.getByText('2.51 MB/s').waitFor();
  expect(await textOf('#in-rate')).toBe('2.50 MB/s');
  expect(await textOf('#out-rate')).toBe('10.0 kB/s');
  expect(await page.locator('#chart canvas').count()).toBe(1);
});

test('shows the books to the byte, and says by how much they are off', async () => {
  const balanced = bandwidth(0, [[put, 1_234_567, 89]]);
  server.send(balanced);
  await openWithToken();
  await page.getByText('balanced to the byte').waitFor();
  expect(await cellsOf('#books tr.in')).toEqual(['In', '1,236,108', '1,234,567', '517', '1,024']);

  const connection = { in: balanced.connection.in + 3, out: balanced.connection.out };
  server.send(bandwidth(1, [[put, 1_234_567, 89]], { connection }));
  await page.getByText('off by 3 in and 0 out').waitFor();
});

test('sorts endpoints by keyboard, and folds those without traffic away', async () => {
  server.send(
    bandwidth(0, [
      [put, 9000, 10],
      [get, 500, 20_000],
      ['POST /jobs', 0, 0, 0],
    ]),
  );
  await openWithToken();
  await live();
  const names = () => page.locator('#endpoints tbody code').allInnerTexts();
  expect(await names()).toEqual(['/jobs/:id/files/:name', '/blobs/:sha256']);

  await page.locator('[data-sort=in]').press('Enter');
  expect(await names()).toEqual(['/blobs/:sha256', '/jobs/:id/files/:name']);
  await page.locator('[data-sort=in]').press('Enter');
  expect(await names()).toEqual(['/jobs/:id/files/:name', '/blobs/:sha256']);
  expect(await page.locator('[aria-sort]').getAttribute('aria-sort')).toBe('ascending');

  await page.getByRole('button', { name: 'Show 1 without traffic' }).press('Space');
  expect(await names()).toEqual(['/jobs', '/jobs/:id/files/:name', '/blobs/:sha256']);
});

test("shows jobs and nodes, and never runs what a job's text says", async () => {
  server.jobs = [job(7, 'failed', { commandLine: '<img src=/x onerror=alert(1)>', reason: 'exit code 2' })];
  server.nodes = [node('scale-one')];
  server.send(bandwidth(0, [], { nodes: [{ node: 'scale-one', in: 4_000_000, out: 12 }] }));
  await openWithToken();
  await live();
  const command = '<img src=/x onerror=alert(1)>';
  expect((await cellsOf('#jobs tbody tr')).slice(0, 3)).toEqual([
    '00000007',
    'failed',
    `${command}
exit code 2`,
  ]);
  expect(await page.locator('#jobs img').count()).toBe(0);
  await page.locator('#nodes').getByText('4.00 MB').waitFor();
  expect((await cellsOf('#nodes tbody tr')).slice(0, 6)).toEqual([
    'scale-one',
    'ready',
    'default',
    '1 of 4',
    '4.00 MB',
    '12 B',
  ]);
});

test('has no jobs and nodes where there is no scheduler', async () => {
  server.hasScheduler = false;
  server.send(bandwidth(0, []));
  await openWithToken();
  await live();
  await page.locator('#jobs-section').waitFor({ state: 'hidden' });
  await page.locator('#nodes-section').waitFor({ state: 'hidden' });
});

test('says that the connection is lost, keeps the old figures, and comes back', async () => {
  server.send(bandwidth(0, [[put, 1000, 10]]));
  await openWithToken();
  await live();
  const port = Number(new URL(server.url).port);
  await server.stop();
  await page.getByText('Connection lost.').waitFor();
  expect(await textOf('#lost-since')).toContain('The figures are those of');
  expect(await textOf('#in-total')).toBe('2.54 kB since the start');

  await server.start(port);
  await page.getByRole('button', { name: 'Try now' }).click();
  await live();
  expect(await page.locator('#lost').isVisible()).toBe(false);
});

test('asks again when a token is withdrawn while the page is open', async () => {
  server.send(bandwidth(0, []));
  await openWithToken();
  await live();
  server.token = 'another-token';
  await page.getByText('The server did not take this token.').waitFor();
});

test.each(['light', 'dark'] as const)('fits a phone in %s', async (colorScheme) => {
  await open({ colorScheme, viewport: { width: 360, height: 740 } });
  server.jobs = [job(1, 'succeeded', { commandLine: `gzip ${'x'.repeat(300)}` })];
  server.nodes = [node('a-node-with-a-name-as-long-as-names-may-be-which-is-sixty-three-')];
  server.send(bandwidth(0, [[`GET /${'a-long-path/'.repeat(12)}:id`, 1e12, 1e12]]));
  await openWithToken();
  await page.locator('#jobs tbody tr').waitFor();
  await page.locator('#nodes tbody tr').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
});

test('draws what the server remembers as soon as it opens', async () => {
  const paintedLeft = () =>
    page.evaluate<number>(`(() => {
      const canvas = document.querySelector('#chart canvas');
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d').getImageData(width * 0.2, 0, width * 0.3, height * 0.8);
      return data.filter((value, index) => index % 4 === 3 && value > 0).length;
    })()`);
  server.send(bandwidth(900, [[put, 0, 0]]));
  await openWithToken();
  await live();
  await page.locator('#chart canvas').waitFor();
  const without = await paintedLeft();

  const start = Date.parse(at(0));
  server.history = Array.from({ length: 900 }, (_, second) => [start + second * 1000, 1000, 1000, 5000, 0, 0]);
  await page.reload();
  await live();
  await page.locator('#chart canvas').waitFor();
  expect(await paintedLeft()).toBeGreaterThan(3 * without + 1000);
});
