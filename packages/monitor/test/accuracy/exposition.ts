/** Samples of exposition text by name and sorted labels: `name{a="x",b="y"}`. */
export function parseSamples(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === '') throw new Error(`not a sample: ${line}`);
    const key = sampleKey(name, Object.fromEntries(parseLabels(labels)));
    if (samples.has(key)) throw new Error(`written twice: ${key}`);
    samples.set(key, Number(value));
  }
  return samples;
}

export function sampleKey(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const sorted = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}="${value}"`);
  return sorted.length === 0 ? name : `${name}{${sorted}}`;
}

function parseLabels(text: string): [string, string][] {
  const plain = (value: string) => value.replace(/\\(.)/g, (_all, character) => (character === 'n' ? '\n' : character));
  return [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, plain(value)]);
}
