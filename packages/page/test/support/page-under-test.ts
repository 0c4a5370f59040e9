import axe from 'axe-core';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', ...quiet] });
}

/** One page in a browser of its own, which notes what must not happen on any page. */
export class PageUnderTest {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #wrongs: string[] = [];
  readonly #requests: string[] = [];

  private constructor(page: Page, context: BrowserContext, origin: string) {
    this.page = page;
    this.#context = context;
    page.on('pageerror', (error) => this.#wrongs.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|TrustedHTML/.test(message.text())) this.#wrongs.push(message.text());
    });
    page.on('request', (request) => {
      this.#requests.push(new URL(request.url()).pathname);
      if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('blob:'))
        this.#wrongs.push(request.url());
    });
  }

  static async open(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<PageUnderTest> {
    const context = await browser.newContext({ timezoneId: 'UTC', ...options });
    return new PageUnderTest(await context.newPage(), context, origin);
  }

  /** Paths that were asked for, in order. */
  get requests(): readonly string[] {
    return this.#requests;
  }

  /** An exception, a policy broken, a request to elsewhere: none of them may have happened. */
  async close(): Promise<void> {
    await this.#context.close();
    expect(this.#wrongs).toEqual([]);
  }

  async is(status: 'ask' | 'connecting' | 'live' | 'lost'): Promise<void> {
    await this.page.locator(`body[data-view=${status}]`).waitFor();
  }

  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).allInnerTexts()).join();
  }

  cells(row: string): Promise<string[]> {
    return this.page.locator(`${row} > :is(th, td)`).allInnerTexts();
  }

  /** What a cell or a gauge says to the byte, under the pointer. */
  async exact(selector: string): Promise<number> {
    const title = await this.page.locator(selector).first().getAttribute('title');
    return Number(title?.replaceAll(/[^\d]/g, ''));
  }

  /** The sum of what such cells say to the byte. */
  async sum(selector: string): Promise<number> {
    const titles = await this.page
      .locator(selector)
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title') ?? ''));
    return titles.reduce((total, title) => total + Number(title.replaceAll(/[^\d]/g, '')), 0);
  }

  /** Drags over the chart, from one part of its width to another. */
  async drag(from: number, to: number): Promise<void> {
    const box = await this.page.locator('.plot .u-over').boundingBox();
    if (!box) throw new Error('there is no chart');
    const y = box.y + box.height / 2;
    await this.page.mouse.move(box.x + box.width * from, y);
    await this.page.mouse.down();
    await this.page.mouse.move(box.x + box.width * to, y, { steps: 8 });
    await this.page.mouse.up();
  }

  /** What a tool that knows the accessibility guidelines finds wrong: by rule, with the elements. */
  async findBarriers(): Promise<string[]> {
    // Not as a script element: the page's policy forbids that.
    await this.page.evaluate(axe.source);
    const violations = await this.page.evaluate<{ id: string; nodes: { html: string; failureSummary?: string }[] }[]>(
      `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) => violations)`,
    );
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`,
    );
  }
}
