import { sizeBounds } from '../ledger/histogram.ts';
import { metricFamilies } from '../metric-names.ts';
import { unattributedReasons } from '../snapshot.ts';
import { type CollectedFamily, type Sample, SmallFamily } from './family.ts';
import type { Labels, Series, SeriesTable } from './series.ts';
import { CounterFamily, HistogramFamily, histogramWidth } from './series-families.ts';
import type { Source } from './source.ts';

/**
 * Every family as the ledger has it: all numbers are copied in this turn, so that they may be written in later ones.
 */
export function collect(source: Source, table: SeriesTable): CollectedFamily[] {
  const { ledger } = source;
  table.update();
  const { requests, responses } = table;
  const meta = (key: keyof typeof metricFamilies) => ({
    ...metricFamilies[key],
    name: source.prefix + metricFamilies[key].name,
  });
  const bytes = ({ cell }: Series) => ledger.cells.bytes(cell);
  return [
    new CounterFamily(meta('requestBytes'), requests, Float64Array.from(requests, bytes)),
    new CounterFamily(meta('responseBytes'), responses, Float64Array.from(responses, bytes)),
    new HistogramFamily(meta('requestSize'), requests, histograms(source, requests)),
    new HistogramFamily(meta('responseSize'), responses, histograms(source, responses)),
    new CounterFamily(
      meta('aborted'),
      requests,
      Float64Array.from(requests, ({ owner }) => owner.aborted),
    ),
    ...smallFamilies(source, meta),
    ...clientFamily(source),
  ];
}

function smallFamilies(
  source: Source,
  meta: (key: keyof typeof metricFamilies) => CollectedFamily['meta'],
): CollectedFamily[] {
  const { ledger } = source;
  const totals = source.totals();
  return [
    new SmallFamily(meta('inFlight'), [sample({}, totals.exchanges)]),
    new SmallFamily(meta('connections'), [sample({}, totals.connections)]),
    new SmallFamily(meta('connectionBytes'), byDirection(totals.connection)),
    new SmallFamily(
      meta('unattributed'),
      unattributedReasons.flatMap((reason) => byDirection(ledger.unattributed[reason], {}, { reason })),
    ),
    new SmallFamily(meta('pending'), byDirection(totals.pending)),
    new SmallFamily(meta('tlsOverhead'), byDirection(ledger.tlsOverhead)),
    new SmallFamily(meta('captureExact'), [sample({}, source.exact ? 1 : 0)]),
    new SmallFamily(meta('overflowed'), [sample({}, ledger.endpoints.overflowed)]),
    new SmallFamily(meta('errors'), [sample({}, ledger.errors)]),
  ];
}

function clientFamily({ clients, clientMetric }: Source): CollectedFamily[] {
  if (!clientMetric) return [];
  const { name, label } = clientMetric;
  const samples = [...clients.exposed()].flatMap(([client, clientTotals]) =>
    byDirection(clientTotals, { [label]: client }),
  );
  return [new SmallFamily({ ...metricFamilies.clientBytes, name, labels: [label, 'direction'] }, samples)];
}

function histograms({ ledger: { cells } }: Source, series: readonly Series[]): Float64Array {
  const values = new Float64Array(series.length * histogramWidth);
  let at = 0;
  for (const { cell } of series) {
    values[at++] = cells.sum(cell);
    for (let bucket = 0; bucket <= sizeBounds.length; bucket++) values[at++] = cells.bucket(cell, bucket);
  }
  return values;
}

function byDirection(values: { in: number; out: number }, before: Labels = {}, after: Labels = {}): Sample[] {
  return [
    sample({ ...before, direction: 'in', ...after }, values.in),
    sample({ ...before, direction: 'out', ...after }, values.out),
  ];
}

const sample = (labels: Labels, value: number): Sample => ({ suffix: '', labels, value });
