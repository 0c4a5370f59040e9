import type { BandwidthHistory } from '@weighbridge/protocol';
import { render } from 'preact';
import { formatRate } from './format.ts';
import { PageFrame } from './page-frame.tsx';
import { type Address, formatAddress, parseAddress } from './state/address.ts';
import { Api, TokenRefusedError } from './state/api.ts';
import { followBandwidth } from './state/connection.ts';
import { Model } from './state/model.ts';
import { type PageContext, PageContextProvider } from './state/page-context.ts';
import { toRate } from './state/timeline.ts';
import { findToken, forgetToken, keepToken } from './state/token.ts';

/** The seconds since are added up here; the server is asked again before they run out. */
const dayRefreshMs = 600_000;

/** The page: follows the stream while somebody looks, and draws what comes. */
export class App {
  readonly #place: HTMLElement;
  readonly #model = new Model();
  readonly #wake = new EventTarget();
  #address: Address = parseAddress(location.search);
  #api = new Api(undefined);
  #hasToken = false;
  #isDrawing = false;
  #leave = new AbortController();
  #hasChosenToken: (() => void) | undefined;
  #dayTakenMs = Number.NEGATIVE_INFINITY;
  /** Something besides the stream was answered with 401. */
  #refused = false;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** Tries without a token too: a server that wants none answers at once. */
  async start(): Promise<never> {
    addEventListener('popstate', () => this.#show(parseAddress(location.search)));
    addEventListener('online', () => this.#wakeUp());
    addEventListener('hashchange', () => location.reload());
    document.addEventListener('visibilitychange', () => {
      // Nobody looks: a hidden tab moves no bytes.
      if (document.visibilityState === 'hidden') this.#leave.abort();
      else this.#wakeUp();
    });
    for (;;) {
      const token = findToken();
      this.#hasToken = token !== undefined;
      this.#api = new Api(token);
      this.#leave = new AbortController();
      if (this.#model.status.name !== 'live') this.#model.status = { name: 'connecting' };
      this.#draw();
      try {
        await this.#follow();
        await this.#untilVisible();
      } catch (error) {
        if (!(error instanceof TokenRefusedError)) throw error;
        await this.#askToken(token === undefined ? '' : 'The server did not take this token.');
      }
    }
  }

  async #follow(): Promise<void> {
    const model = this.#model;
    if (document.visibilityState === 'hidden') return;
    await followBandwidth(
      this.#api,
      {
        service: (service) => {
          model.service = service;
        },
        history: (history) => {
          model.takeHistory(history);
          this.#dayTakenMs = Number.NEGATIVE_INFINITY;
        },
        bandwidth: (bandwidth) => {
          model.takeBandwidth(bandwidth);
          this.#fetchDay();
          this.#draw();
        },
        lost: (why, retryMs) => {
          model.status = { name: 'lost', why, retryMs };
          this.#draw();
        },
      },
      this.#wake,
      this.#leave.signal,
    );
    if (this.#refused) {
      this.#refused = false;
      throw new TokenRefusedError('the token was refused');
    }
  }

  /** The last day is asked for when somebody looks at it. */
  #fetchDay(): void {
    const now = performance.now();
    if (this.#address.span !== 'day' || now - this.#dayTakenMs < dayRefreshMs) return;
    this.#dayTakenMs = now;
    this.#api
      .json<BandwidthHistory>('/bandwidth/history?resolution=minute', this.#leave.signal)
      .then((history) => {
        this.#model.takeHistory(history);
        this.#draw();
      })
      .catch(() => {
        this.#dayTakenMs = Number.NEGATIVE_INFINITY;
      });
  }

  async #askToken(complaint: string): Promise<void> {
    forgetToken();
    this.#model.status = { name: 'ask', complaint };
    this.#draw();
    await new Promise<void>((resolve) => {
      this.#hasChosenToken = resolve;
    });
    this.#model.status = { name: 'connecting' };
  }

  async #untilVisible(): Promise<void> {
    while (document.visibilityState === 'hidden') {
      await new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
    }
  }

  #show(address: Address): void {
    const isOther = JSON.stringify(address.view) !== JSON.stringify(this.#address.view);
    this.#address = address;
    this.#fetchDay();
    this.#draw();
    if (isOther) scrollTo(0, 0);
  }

  #wakeUp(): void {
    this.#wake.dispatchEvent(new Event('wake'));
  }

  /** Once a frame at most, however much has changed. */
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#drawNow();
    });
  }

  #drawNow(): void {
    const model = this.#model;
    document.title = this.#formatTitle();
    document.body.dataset.view = model.status.name;
    const page: PageContext = {
      model,
      address: this.#address,
      api: this.#api,
      go: (address, replace = false) => {
        if (replace) history.replaceState(null, '', formatAddress(address));
        else history.pushState(null, '', formatAddress(address));
        this.#show(address);
      },
      refused: () => {
        this.#refused = true;
        this.#leave.abort();
      },
      redraw: () => this.#draw(),
      wake: this.#wake,
    };
    render(
      <PageContextProvider.Provider value={page}>
        <PageFrame
          hasToken={this.#hasToken}
          onToken={(token) => {
            keepToken(token);
            this.#hasChosenToken?.();
          }}
          onForget={() => {
            forgetToken();
            location.reload();
          }}
          onRetry={() => this.#wakeUp()}
        />
      </PageContextProvider.Provider>,
      this.#place,
    );
  }

  #formatTitle(): string {
    const { status, service, others, all } = this.#model;
    const name = service ? `${service.name} · Weighbridge` : 'Weighbridge';
    if (status.name === 'ask') return `Locked · ${name}`;
    if (status.name === 'connecting') return `Connecting · ${name}`;
    if (status.name === 'lost') return `Not live · ${name}`;
    const last = (this.#address.withOwn ? all : others).seconds.at(-1);
    const rate = last && toRate(last);
    return `In ${formatRate(rate?.in)}, out ${formatRate(rate?.out)} · ${name}`;
  }
}
