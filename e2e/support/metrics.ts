/** One sample of the exposition format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** What one scrape gave. */
export class Scrape {
  readonly samples: readonly Sample[];

  constructor(text: string) {
    this.samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(parseSample);
  }

  /** The sum of a family's samples that carry these labels. */
  sum(name: string, labels: Record<string, string> = {}): number {
    return this.of(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  of(name: string, labels: Record<string, string> = {}): Sample[] {
    const wanted = Object.entries(labels);
    return this.samples.filter(
      (sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value),
    );
  }

  /** Endpoints, unattributed, pending and connection bytes of one direction; the first three make the last. */
  books(direction: 'in' | 'out'): { endpoints: number; unattributed: number; pending: number; connection: number } {
    const family = direction === 'in' ? 'request' : 'response';
    return {
      endpoints: this.sum(`scheduler_http_${family}_bytes_total`),
      unattributed: this.sum('scheduler_http_unattributed_bytes_total', { direction }),
      pending: this.sum('scheduler_http_pending_bytes', { direction }),
      connection: this.sum('scheduler_http_connection_bytes_total', { direction }),
    };
  }
}

/** Scrapes `/metrics`, as Prometheus would. */
export async function scrape(metricsUrl: string): Promise<Scrape> {
  const response = await fetch(metricsUrl);
  if (!response.ok) throw new Error(`${metricsUrl} answered ${response.status}`);
  return new Scrape(await response.text());
}

function parseSample(line: string): Sample {
  const match = /^(?<name>[\w:]+)(?:\{(?<labels>.*)\})? (?<value>\S+)$/.exec(line);
  if (!match?.groups) throw new Error(`no sample of the exposition format: ${line}`);
  const { name = '', labels = '', value = '' } = match.groups;
  return {
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text])),
    value: Number(value),
  };
}
