import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  RowBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { PlacedPanel } from './panel.ts';

/** A heading and the panels below it. */
export interface Row {
  readonly title: string;
  readonly panels: readonly PlacedPanel[];
}

export interface DashboardOptions {
  /** Links and provisioning go by it: it never changes. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Builder<VariableModel>[];
  readonly rows: readonly Row[];
}

const tag = 'weighbridge';
const rowHeight = 1;

/**
 * A dashboard of the classic schema, rows one below the other. Ids are given in the order of the panels: Grafana
 * would give others at each load, and links to a panel would break.
 */
export function createDashboard({ uid, title, description, variables, rows }: DashboardOptions): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([tag])
    .readonly()
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([...variables])
    .link(
      new DashboardLinkBuilder('Weighbridge')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .keepTime(true),
    )
    .build();
  dashboard.panels = placeRows(rows);
  return dashboard;
}

function placeRows(rows: readonly Row[]): NonNullable<Dashboard['panels']> {
  const placed: NonNullable<Dashboard['panels']> = [];
  let top = 0;
  for (const { title, panels } of rows) {
    const gridPos = { x: 0, y: top, w: 24, h: rowHeight };
    placed.push({ ...new RowBuilder(title).gridPos(gridPos).build(), id: placed.length + 1 });
    top += rowHeight;
    for (const panel of panels) placed.push(placePanel(panel, top, placed.length + 1));
    top += Math.max(...panels.map(({ place }) => place.y + place.h));
  }
  return placed;
}

function placePanel({ builder, place }: PlacedPanel, top: number, id: number): Panel {
  return { ...builder.build(), id, gridPos: { ...place, y: top + place.y } };
}
