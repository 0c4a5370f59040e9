/**
 * The one way in which dashboards and rules ask a histogram for a quantile, per `by` where that names labels.
 *
 * A Prometheus 3 that scrapes with `convert_classic_histograms_to_nhcb` has no `_bucket` series: it keeps the
 * histogram under its own name, and the second half answers. Elsewhere that half finds nothing.
 *
 * @example quantile(0.95, 'job_wait_seconds', '{job="a"}', '5m', ['queue'])
 */
export function quantile(q: number, histogram: string, selector: string, range: string, by: string[] = []): string {
  const classic = `sum by (${['le', ...by].join(', ')}) (rate(${histogram}_bucket${selector}[${range}]))`;
  const native = `sum by (${by.join(', ')}) (rate(${histogram}${selector}[${range}]))`;
  return `histogram_quantile(${q}, ${classic}) or histogram_quantile(${q}, ${native})`;
}
