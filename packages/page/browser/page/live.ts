import type { Bandwidth } from '@weighbridge/protocol';
import { type Api, NoFiguresError, TokenRefusedError } from './api.ts';
import { showBooks } from './books.ts';
import { Chart } from './chart.ts';
import { EndpointTable } from './endpoints.ts';
import { showGauges } from './gauges.ts';
import { toRates } from './history.ts';
import { JobTable } from './jobs.ts';
import { NodeTable } from './nodes.ts';
import { RateMeter } from './rate.ts';
import { showLost, showView } from './view.ts';
import { pause, watch } from './watch.ts';

const jobsShown = 20;
const refreshMs = 2000;

/** The live figures: one stream for bandwidth, and jobs and nodes asked for every two seconds beside it. */
export class Live {
  readonly #meter = new RateMeter();
  readonly #chart = new Chart();
  readonly #endpoints = new EndpointTable();
  readonly #jobs = new JobTable();
  readonly #nodes = new NodeTable();
  readonly #wake: EventTarget;
  #last: Bandwidth | undefined;

  constructor(wake: EventTarget) {
    this.#wake = wake;
  }

  /** Runs until `signal`, or until the token is refused: then it throws `TokenRefusedError`. */
  async run(api: Api, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const stream = watch(
      api,
      {
        snapshot: (b) => this.#show(b),
        history: (history) => this.#chart.fill(toRates(history)),
        lost: (why, ms) => showLost(why, ms, this.#last?.at),
      },
      this.#wake,
      either,
    );
    try {
      await Promise.race([stream, this.#refresh(api, either)]);
    } finally {
      ended.abort();
    }
  }

  #show(bandwidth: Bandwidth): void {
    this.#last = bandwidth;
    const rates = this.#meter.add(bandwidth);
    showView('live');
    showGauges(bandwidth, rates);
    this.#chart.add(bandwidth.at, rates);
    showBooks(bandwidth);
    this.#endpoints.show(bandwidth, rates);
    this.#nodes.showTransfers(bandwidth.nodes);
  }

  async #refresh(api: Api, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#jobs.show(await api.jobs(jobsShown, signal));
        this.#nodes.show(await api.nodes(signal));
      } catch (error) {
        if (error instanceof TokenRefusedError) throw error;
        // Of an answer that doesn't come the stream tells; here the last lists stay.
        if (!(error instanceof NoFiguresError)) console.error(error);
      }
      await pause(refreshMs, this.#wake, signal);
    }
  }
}
