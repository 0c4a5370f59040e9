import { sizeBounds } from '../ledger/histogram.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { EndpointDetails, SizeQuantiles } from '../snapshot.ts';
import type { Source } from './source.ts';
import { toEndpointSnapshot } from './take-snapshot.ts';

/** All that is known of one endpoint; `undefined` where it has no series. */
export function findEndpointDetails(source: Source, method: string, endpoint: string): EndpointDetails | undefined {
  source.sample();
  const { ledger } = source;
  const series = ledger.endpoints.all.find((one) => one.method === method && one.endpoint === endpoint);
  if (!series) return undefined;
  const { inFlight } = source.open(0);
  const clients = [...source.clientsOf(series)].map(([client, moved]) => ({ client, ...moved }));
  return {
    ...toEndpointSnapshot(ledger, series),
    inFlight: inFlight.find((one) => one.method === method && one.endpoint === endpoint)?.count ?? 0,
    requestSizes: estimateSizes(ledger, [series.requestCell]),
    responseSizes: estimateSizes(ledger, [...series.responses.values()]),
    clients: clients.sort((a, b) => b.in + b.out - (a.in + a.out)),
  };
}

/** From the histograms of these cells; `undefined` where no exchange has ended. */
function estimateSizes({ cells }: Ledger, histograms: readonly number[]): SizeQuantiles | undefined {
  const counts = Array.from({ length: sizeBounds.length + 1 }, (_, bucket) =>
    histograms.reduce((sum, cell) => sum + cells.bucket(cell, bucket), 0),
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  return { p50: estimateQuantile(counts, total * 0.5), p95: estimateQuantile(counts, total * 0.95) };
}

/**
 * By even distribution within a bucket, as Prometheus' `histogram_quantile` does
 * (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile); beyond the last bound, that.
 */
function estimateQuantile(counts: readonly number[], rank: number): number {
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    const upper = sizeBounds[bucket];
    if (upper === undefined) break;
    const lower = sizeBounds[bucket - 1] ?? 0;
    if (below + count >= rank) return lower + (upper - lower) * ((rank - below) / count);
    below += count;
  }
  return sizeBounds.at(-1) as number;
}
