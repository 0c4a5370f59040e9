import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { interpolate } from '../promql/interpolate.ts';

/** One query of a panel, as Grafana would send it. */
export interface PanelQuery {
  readonly panel: string;
  readonly legend: string;
  readonly promql: string;
}

/** Every query of every panel, with the dashboard's variables replaced. */
export function listQueries(dashboard: Dashboard, values: Readonly<Record<string, string>>): PanelQuery[] {
  // The builders' types know no single kind of query: they are read as the JSON that Grafana reads.
  const panels = JSON.parse(JSON.stringify(dashboard.panels ?? [])) as PanelJson[];
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      panel: title,
      legend: legendFormat,
      promql: interpolate(expr, values),
    })),
  );
}

interface PanelJson {
  title: string;
  targets?: { expr: string; legendFormat: string }[];
}
