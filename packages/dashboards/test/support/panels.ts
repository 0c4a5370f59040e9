import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

/** A query of a panel as it stands in the JSON. */
interface PanelTarget {
  refId: string;
  expr: string;
  legendFormat: string;
  datasource: { type: string; uid: string };
  instant?: boolean;
  format?: string;
}

/** A panel as it stands in the JSON. */
export interface PanelJson {
  id: number;
  type: string;
  title: string;
  description: string;
  datasource: { type: string; uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets: PanelTarget[];
  fieldConfig: {
    defaults: { unit?: string; noValue?: string; thresholds?: { steps: { value: number | null; color: string }[] } };
    overrides?: unknown[];
  };
}

/** The panels of a dashboard and their rows' headings, as Grafana will read them. */
export function readPanels(dashboard: Dashboard): PanelJson[] {
  return JSON.parse(JSON.stringify(dashboard.panels)) as PanelJson[];
}

/** The panels that show something. */
export function readQueryPanels(dashboard: Dashboard): PanelJson[] {
  return readPanels(dashboard).filter(({ type }) => type !== 'row');
}

/** A variable as it stands in the JSON. */
export interface VariableJson {
  name: string;
  label: string;
  type: string;
  query: unknown;
  definition?: string;
  datasource?: { type: string; uid: string };
  refresh?: number;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
  regex?: string;
  current?: { value: unknown };
}

export function readVariables(dashboard: Dashboard): VariableJson[] {
  return JSON.parse(JSON.stringify(dashboard.templating?.list ?? [])) as VariableJson[];
}
