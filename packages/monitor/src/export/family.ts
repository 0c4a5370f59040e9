import type { MetricFamily } from '../metric-names.ts';
import { formatLabels, type Labels } from './series.ts';

/** One sample: its name's end (`_bucket`, `_sum`, `_count` or nothing), labels by name, value. */
export interface Sample {
  readonly suffix: '' | '_bucket' | '_sum' | '_count';
  readonly labels: Labels;
  readonly value: number;
}

/** A family as it stood at one moment. */
export interface CollectedFamily {
  readonly meta: MetricFamily;
  /** All of it as objects: for aggregators, ten times slower than text. */
  samples(): Sample[];
  last(): Sample | undefined;
  /** All of it as lines below `name`, in pieces of some thousand characters; `more` are labels to add, `,env="x"` or ''. */
  pieces(name: string, more: string): Iterable<string>;
}

/** A family of a few samples. */
export class SmallFamily implements CollectedFamily {
  readonly meta: MetricFamily;
  readonly #samples: Sample[];

  constructor(meta: MetricFamily, samples: Sample[]) {
    this.meta = meta;
    this.#samples = samples;
  }

  samples(): Sample[] {
    return this.#samples;
  }

  last(): Sample | undefined {
    return this.#samples.at(-1);
  }

  *pieces(name: string, more: string): Iterable<string> {
    for (const { labels, value } of this.#samples) {
      const text = `${formatLabels(labels)}${more}`.replace(/^,/, '');
      yield text === '' ? `${name} ${value}\n` : `${name}{${text}} ${value}\n`;
    }
  }
}
