import { sizeBounds } from '../ledger/histogram.ts';
import type { MetricFamily } from '../metric-names.ts';
import type { CollectedFamily, Sample } from './family.ts';
import { type Series, toLabels } from './series.ts';

/** Series formatted at a stretch, before whoever writes them may give way to others. */
const stretch = 64;
const bucketLabels = [...sizeBounds.map(String), '+Inf'];
const bucketEnds = bucketLabels.map((le) => `,le="${le}"} `);
/** Numbers of one histogram: its sum, then its buckets (not cumulative). */
export const histogramWidth = 1 + bucketLabels.length;

/** A counter of each series. */
export class CounterFamily implements CollectedFamily {
  readonly meta: MetricFamily;
  readonly #series: readonly Series[];
  readonly #values: Float64Array;

  constructor(meta: MetricFamily, series: readonly Series[], values: Float64Array) {
    this.meta = meta;
    this.#series = series;
    this.#values = values;
  }

  samples(): Sample[] {
    return Array.from(this.#values, (_, index) => this.#sample(index));
  }

  last(): Sample | undefined {
    return this.#values.length === 0 ? undefined : this.#sample(this.#values.length - 1);
  }

  *pieces(name: string, more: string): Iterable<string> {
    const lines: string[] = [];
    for (let index = 0; index < this.#values.length; index++) {
      lines.push(`${name}{${this.#series[index]?.text}${more}} ${this.#values[index]}\n`);
      if (lines.length === stretch) yield flat(lines);
    }
    if (lines.length > 0) yield flat(lines);
  }

  #sample(index: number): Sample {
    return { suffix: '', labels: toLabels(this.#series[index] as Series), value: this.#values[index] as number };
  }
}

/** A histogram of each series. */
export class HistogramFamily implements CollectedFamily {
  readonly meta: MetricFamily;
  readonly #series: readonly Series[];
  readonly #values: Float64Array;
  readonly #count: number;

  constructor(meta: MetricFamily, series: readonly Series[], values: Float64Array) {
    this.meta = meta;
    this.#series = series;
    this.#values = values;
    this.#count = values.length / histogramWidth;
  }

  samples(): Sample[] {
    return Array.from({ length: this.#count }, (_, index) => this.#samplesOf(index)).flat();
  }

  last(): Sample | undefined {
    return this.#count === 0 ? undefined : this.#samplesOf(this.#count - 1).at(-1);
  }

  *pieces(name: string, more: string): Iterable<string> {
    const ends = bucketEnds.map((end) => more + end);
    const lines: string[] = [];
    for (let index = 0; index < this.#count; index++) {
      lines.push(this.#lines(index, name, more, ends));
      if (lines.length === stretch) yield flat(lines);
    }
    if (lines.length > 0) yield flat(lines);
  }

  #lines(index: number, name: string, more: string, ends: readonly string[]): string {
    const at = index * histogramWidth;
    const { text } = this.#series[index] as Series;
    const before = `${name}_bucket{${text}`;
    let [lines, count, written] = ['', 0, '0\n'];
    for (let bucket = 1; bucket < histogramWidth; bucket++) {
      const here = this.#values[at + bucket] as number;
      // Most buckets are empty: the count's text is made anew only where it grows.
      if (here !== 0) {
        count += here;
        written = `${count}\n`;
      }
      lines += before + ends[bucket - 1] + written;
    }
    return `${lines}${name}_sum{${text}${more}} ${this.#values[at]}\n${name}_count{${text}${more}} ${written}`;
  }

  #samplesOf(index: number): Sample[] {
    const at = index * histogramWidth;
    const labels = toLabels(this.#series[index] as Series);
    let count = 0;
    const buckets = bucketLabels.map((le, bucket): Sample => {
      count += this.#values[at + 1 + bucket] as number;
      return { suffix: '_bucket', labels: { ...labels, le }, value: count };
    });
    const sum = this.#values[at] as number;
    return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }];
  }
}

/** One flat string, and none left: what is put together here is not walked again when the whole is. */
function flat(lines: string[]): string {
  return lines.splice(0).join('');
}
