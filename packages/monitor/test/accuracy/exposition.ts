/** One sample of exposition text. */
interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

function parseSamples(text: string): Sample[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels,
    value: Number(value),
  }));
}

/**
 * At rest each histogram's sum is its counter. Gives a line for each series where it isn't.
 */
export function histogramFaults(text: string): string[] {
  const samples = parseSamples(text);
  const find = (name: string, labels: string) =>
    samples.find((sample) => sample.name === name && sample.labels === labels)?.value;
  return samples
    .filter(({ name }) => /_http_(request|response)_bytes_total$/.test(name))
    .flatMap(({ name, labels, value }) => {
      const sum = find(name.replace('_bytes_total', '_size_bytes_sum'), labels);
      return sum === value ? [] : [`${name}{${labels}} is ${value} at rest, its histogram's sum ${sum}`];
    });
}
