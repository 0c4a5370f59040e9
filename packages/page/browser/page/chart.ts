import uPlot from 'uplot';
import { formatRate, formatTime } from './format.ts';
import type { RatePoint } from './history.ts';
import type { Rates } from './rate.ts';
import { byId } from './rows.ts';

const keptSeconds = 900;
/** Shown from the start, so that the line doesn't begin as wide as the chart. */
const leastSeconds = 120;
const heightPx = 170;

/** Bytes per second over the last fifteen minutes. */
export class Chart {
  readonly #place = byId('chart');
  readonly #at: number[] = [];
  readonly #in: (number | null)[] = [];
  readonly #out: (number | null)[] = [];
  #plot: uPlot | undefined;

  constructor() {
    new ResizeObserver(() => this.#plot?.setSize({ width: this.#place.clientWidth, height: heightPx })).observe(
      this.#place,
    );
    // The canvas knows no CSS variables: new colours need a new plot.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#renew());
  }

  /** Without rates the line has a gap there. */
  add(at: string, rates: Rates | undefined): void {
    this.#at.push(Date.parse(at) / 1000);
    this.#in.push(rates?.in ?? null);
    this.#out.push(rates?.out ?? null);
    this.#dropOld();
    if (this.#plot) this.#plot.setData([this.#at, this.#in, this.#out]);
    else this.#renew();
  }

  /** What the server remembers takes the place of what this page has seen of the same time. */
  fill(points: readonly RatePoint[]): void {
    const from = points[0]?.at;
    if (from === undefined) return;
    const seen = this.#at.findIndex((at) => at >= from);
    if (seen >= 0) for (const series of [this.#at, this.#in, this.#out]) series.length = seen;
    for (const point of points) {
      this.#at.push(point.at);
      this.#in.push(point.in);
      this.#out.push(point.out);
    }
    this.#dropOld();
  }

  #dropOld(): void {
    const from = (this.#at.at(-1) ?? 0) - keptSeconds;
    // A clock that was set back would leave the line going backwards.
    while (this.#at.length > 0 && ((this.#at[0] ?? 0) < from || (this.#at[0] ?? 0) > (this.#at.at(-1) ?? 0))) {
      for (const series of [this.#at, this.#in, this.#out]) series.shift();
    }
  }

  #renew(): void {
    if (this.#at.length === 0) return;
    this.#plot?.destroy();
    this.#plot = new uPlot(chartOptions(this.#place), [this.#at, this.#in, this.#out], this.#place);
  }
}

function chartOptions(place: HTMLElement): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--muted'), font: `12px ${style.fontFamily}`, ticks: { show: false } };
  const line = (label: string, name: string) => ({
    label,
    stroke: colour(`--${name}`),
    fill: colour(`--${name}-fill`),
    width: 2,
    points: { show: false },
    value: (_: uPlot, value: number | null) => formatRate(value ?? undefined),
  });
  return {
    width: place.clientWidth,
    height: heightPx,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { range: (_, min, max) => [Math.max(max - keptSeconds, Math.min(min, max - leastSeconds)), max] },
      y: { range: (_, __, max) => [0, Math.max(1000, max * 1.1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 90,
        values: (_, at) => at.map((seconds) => formatTime(new Date(seconds * 1000))),
      },
      {
        ...axis,
        grid: { stroke: colour('--line'), width: 1 },
        size: 76,
        space: 36,
        values: (_, at) => at.map(formatRate),
      },
    ],
    series: [{}, line('In', 'in'), line('Out', 'out')],
  };
}
