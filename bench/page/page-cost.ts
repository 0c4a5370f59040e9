import { Client, limits } from '@weighbridge/protocol';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { BenchOptions, Outcome } from '../bench.ts';
import { MasterCommand } from '../scheduler/master-command.ts';
import { ServerProcess } from '../server-process.ts';

const endpoints = 1000;
const jobs = 10_000;
/** What a browser calls a long task begins here. */
const taskGoalMs = 50;
const paintGoalMs = 100;
const settleMs = 3000;

interface Step {
  readonly name: string;
  readonly longestTaskMs: number;
  readonly slowestPaintMs: number;
}

/** Notes every task of more than 50 ms, and how long each event took until the next paint. */
const observe = `
  window.tasks = [];
  window.paints = [];
  const note = (list) => (entries) => list.push(...entries.getEntries().map(({ duration }) => duration));
  new PerformanceObserver(note(window.tasks)).observe({ type: 'longtask', buffered: true });
  new PerformanceObserver(note(window.paints)).observe({ type: 'event', durationThreshold: 16, buffered: true });
`;

/** How smooth the live page is in a real browser: on a service with 1,000 busy endpoints, on a master with 10,000 jobs. */
export async function pageCost({ quick, progress }: BenchOptions): Promise<Outcome> {
  const watchedMs = quick ? 3000 : 30_000;
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    progress(`${endpoints} endpoints`);
    const ofService = await measureService(browser, watchedMs);
    progress(`${jobs} jobs`);
    const ofMaster = await measureMaster(browser, watchedMs);
    return {
      tables: [
        tableOf(`A service whose ${endpoints.toLocaleString('en')} endpoints move bytes each second`, ofService),
        tableOf(`A master with ${jobs.toLocaleString('en')} jobs`, ofMaster),
      ],
      figures: { service: ofService, master: ofMaster },
    };
  } finally {
    await browser.close();
  }
}

function tableOf(caption: string, steps: readonly Step[]) {
  return {
    caption: `${caption}; goals: no task over ${taskGoalMs} ms, an interaction to paint in ${paintGoalMs} ms`,
    head: ['', 'longest task', 'slowest interaction to paint'],
    rows: steps.map(({ name, longestTaskMs, slowestPaintMs }) => [
      name,
      longestTaskMs === 0 ? `≤ ${taskGoalMs} ms` : `${longestTaskMs.toFixed(0)} ms`,
      slowestPaintMs === 0 ? '≤ 16 ms' : `${slowestPaintMs.toFixed(0)} ms`,
    ]),
  };
}

async function measureService(browser: Browser, watchedMs: number): Promise<Step[]> {
  const service = await ServerProcess.start<{ url: string }>(new URL('busy-service.ts', import.meta.url), [
    String(endpoints),
  ]);
  try {
    const page = await openPage(browser, service.started.url);
    const steps = new Steps(page);
    await steps.add('opening, then watching', () => page.waitForTimeout(watchedMs));
    await steps.add('sorting', () => page.click('[data-sort=in]'));
    await steps.add('filtering by seven letters', async () => {
      await page.click('#filter');
      await page.keyboard.type('kind-99', { delay: 100 });
    });
    await steps.add('taking the filter back', async () => {
      for (let letter = 0; letter < 7; letter++) await page.keyboard.press('Backspace', { delay: 50 });
    });
    await steps.add('showing all', () => page.click('#all'));
    await steps.add('watching all', () => page.waitForTimeout(watchedMs));
    await steps.add('sorting all', () => page.click('[data-sort=out]'));
    await steps.add('moving over the chart', () => moveOverChart(page));
    await steps.add('choosing a stretch of time', () => dragOverChart(page));
    await steps.add('showing a day', () => page.click('[data-span=day]'));
    await steps.add('opening an endpoint', () => page.click('#endpoints a'));
    await steps.add('going back', () => page.goBack());
    return steps.all;
  } finally {
    service.end();
  }
}

async function measureMaster(browser: Browser, watchedMs: number): Promise<Step[]> {
  const master = await MasterCommand.start();
  try {
    const client = new Client(master);
    for (let made = 0; made < jobs; made += limits.bulkJobs) await submitMany(client, limits.bulkJobs);
    const page = await openPage(browser, `${master.url}/#token=${master.token}`);
    await page.locator('#jobs tbody tr').first().waitFor();
    const steps = new Steps(page);
    await steps.add('opening, then watching', () => page.waitForTimeout(watchedMs));
    await steps.add('ten further pages of jobs', async () => {
      for (let further = 1; further <= 10; further++) {
        await page.click('#more-jobs');
        await page.locator(`#jobs tbody tr:nth-child(${20 * (further + 1)})`).waitFor();
      }
    });
    await steps.add('watching them', () => page.waitForTimeout(watchedMs));
    await steps.add('opening a job', () => page.click('#jobs a'));
    await steps.add('going back', () => page.goBack());
    return steps.all;
  } finally {
    await master.stop();
  }
}

async function submitMany(client: Client, count: number): Promise<void> {
  const body = Array.from({ length: count }, (_, number) => ({ command: 'echo', args: [String(number)] }));
  // The client submits one at a time; the API takes an array.
  await client.submit(body as never);
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
  // Whatever has just been started is busy with itself: the browser, the service.
  await page.waitForTimeout(settleMs);
  await page.addInitScript(observe);
  await page.goto(url);
  await page.locator('body[data-view=live]').waitFor();
  return page;
}

class Steps {
  readonly all: Step[] = [];
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async add(name: string, act: () => Promise<unknown>): Promise<void> {
    await act();
    // What the act has set off: a paint, the next second.
    await this.#page.waitForTimeout(1500);
    const [longestTaskMs, slowestPaintMs] = await this.#page.evaluate<[number, number]>(
      '[Math.max(0, ...tasks.splice(0)), Math.max(0, ...paints.splice(0))]',
    );
    this.all.push({ name, longestTaskMs, slowestPaintMs });
  }
}

async function moveOverChart(page: Page): Promise<void> {
  const box = await chartBox(page);
  for (let step = 0; step < 40; step++) {
    await page.mouse.move(box.x + (box.width * step) / 40, box.y + box.height / 2);
    await page.waitForTimeout(30);
  }
}

async function dragOverChart(page: Page): Promise<void> {
  const box = await chartBox(page);
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.95, box.y + box.height / 2, { steps: 10 });
  await page.mouse.up();
}

async function chartBox(page: Page): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await page.locator('.plot .u-over').boundingBox();
  if (!box) throw new Error('the page shows no chart');
  return box;
}
