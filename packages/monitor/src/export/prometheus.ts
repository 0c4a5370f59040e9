import type { Capture } from '../capture/capture.ts';
import type { Clients } from '../ledger/clients.ts';
import { sizeBounds } from '../ledger/histogram.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type MetricFamily, metricFamilies } from '../metric-names.ts';
import { unattributedReasons } from '../snapshot.ts';
import { openBooks } from './snapshot.ts';

/** What an export reads. */
export interface Source {
  readonly ledger: Ledger;
  readonly capture: Capture;
  readonly clients: Clients;
  readonly clientMetric: { name: string; label: string } | undefined;
  readonly prefix: string;
}

/** One sample: its name's end (`_bucket`, `_sum`, `_count` or nothing), labels by name, value. */
interface Sample {
  suffix: '' | '_bucket' | '_sum' | '_count';
  labels: Record<string, string>;
  value: number;
}

/** A family with its samples, taken in one turn of the event loop. */
export interface CollectedFamily extends Omit<MetricFamily, 'labels'> {
  samples: Sample[];
}

const leLabels = [...sizeBounds.map(String), '+Inf'];

/** Every family with its samples. The caller has sampled the open connections. */
export function collect(source: Source): CollectedFamily[] {
  const { ledger, capture } = source;
  const books = openBooks(ledger, capture);
  const named = (key: keyof typeof metricFamilies, samples: Sample[]): CollectedFamily => {
    const { name, type, help } = metricFamilies[key];
    return { name: source.prefix + name, type, help, samples };
  };
  const families = [
    named(
      'requestBytes',
      perRow(source, (row) => [
        plain({ method: row.method, endpoint: row.endpoint }, ledger.cells.bytes(row.requestCell)),
      ]),
    ),
    named(
      'responseBytes',
      perResponse(source, (labels, cell) => [plain(labels, ledger.cells.bytes(cell))]),
    ),
    named(
      'requestSize',
      perRow(source, (row) => histogram(ledger, { method: row.method, endpoint: row.endpoint }, row.requestCell)),
    ),
    named(
      'responseSize',
      perResponse(source, (labels, cell) => histogram(ledger, labels, cell)),
    ),
    named(
      'aborted',
      perRow(source, (row) => [plain({ method: row.method, endpoint: row.endpoint }, row.aborted)]),
    ),
    named('inFlight', [plain({}, books.exchanges)]),
    named('connections', [plain({}, capture.open.length)]),
    named('connectionBytes', byDirection(books.connection)),
    named(
      'unattributed',
      unattributedReasons.flatMap((reason) => byDirection(ledger.unattributed[reason], { reason })),
    ),
    named('pending', byDirection(books.pending)),
    named('tlsOverhead', byDirection(ledger.tlsOverhead)),
    named('captureExact', [plain({}, 1)]),
    named('overflowed', [plain({}, ledger.rows.overflowed)]),
    named('errors', [plain({}, ledger.errors)]),
  ];
  if (source.clientMetric) families.push(clientFamily(source, source.clientMetric));
  return families;
}

/** Exposition format 0.0.4. */
export function formatText(families: readonly CollectedFamily[]): string {
  const lines: string[] = [];
  for (const { name, type, help, samples } of families) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const sample of samples) lines.push(`${name}${sample.suffix}${formatLabels(sample.labels)} ${sample.value}`);
  }
  return `${lines.join('\n')}\n`;
}

function formatLabels(labels: Record<string, string>): string {
  const entries = Object.entries(labels);
  if (entries.length === 0) return '';
  return `{${entries.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

const plain = (labels: Record<string, string>, value: number): Sample => ({ suffix: '', labels, value });

function byDirection(values: { in: number; out: number }, labels: Record<string, string> = {}): Sample[] {
  return [plain({ direction: 'in', ...labels }, values.in), plain({ direction: 'out', ...labels }, values.out)];
}

function perRow({ ledger }: Source, of: (row: Ledger['rows']['all'][number]) => Sample[]): Sample[] {
  return ledger.rows.all.flatMap(of);
}

function perResponse({ ledger }: Source, of: (labels: Record<string, string>, cell: number) => Sample[]): Sample[] {
  return ledger.rows.all.flatMap((row) =>
    [...row.responses].flatMap(([status, cell]) => of({ method: row.method, endpoint: row.endpoint, status }, cell)),
  );
}

function histogram({ cells }: Ledger, labels: Record<string, string>, cell: number): Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (const [index, le] of leLabels.entries()) {
    count += cells.bucket(cell, index);
    samples.push({ suffix: '_bucket', labels: { ...labels, le }, value: count });
  }
  samples.push({ suffix: '_sum', labels, value: cells.sum(cell) }, { suffix: '_count', labels, value: count });
  return samples;
}

function clientFamily({ clients }: Source, { name, label }: { name: string; label: string }): CollectedFamily {
  const { type, help } = metricFamilies.clientBytes;
  const samples = [...clients.exposed()].flatMap(([client, cell]) => [
    plain({ [label]: client, direction: 'in' }, cell.in),
    plain({ [label]: client, direction: 'out' }, cell.out),
  ]);
  return { name, type, help, samples };
}
