import type { PanelQuery } from '@weighbridge/dashboards';
import type { MetricEngine, Series } from './metric-engines.ts';

/** The queries that answer nothing that can be drawn. NaN draws nothing. */
export async function findSilent(engine: MetricEngine, queries: readonly PanelQuery[]): Promise<PanelQuery[]> {
  const answers = await Promise.all(queries.map(async (one) => ({ one, series: await engine.query(one.promql) })));
  return answers.filter(({ series }) => !series.some(isDrawn)).map(({ one }) => one);
}

function isDrawn({ value }: Series): boolean {
  return !Number.isNaN(value);
}
