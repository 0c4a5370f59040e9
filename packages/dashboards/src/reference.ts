import { metricFamilies } from '@weighbridge/monitor';
import { schedulerMetrics } from '@weighbridge/protocol';
import { schedulerService } from './monitored-service.ts';
import { createDashboards } from './monitoring-files.ts';
import { createAlertingRules } from './rules/alerting-rules.ts';
import { createRecordingRules } from './rules/recording-rules.ts';

/**
 * The tables of the documentation that are made from code, as Markdown: by the name that stands in
 * `<!-- generate NAME -->`.
 */
export function createReference(): Map<string, string> {
  return new Map([
    ['bandwidth-metrics', formatMetrics('<p>', Object.values(metricFamilies))],
    ['scheduler-metrics', formatMetrics('', Object.values(schedulerMetrics))],
    ...[...createDashboards(schedulerService)].map(([file, dashboard]): [string, string] => [
      `panels ${file}`,
      formatPanels(file.replace('.json', ''), JSON.parse(JSON.stringify(dashboard.panels)) as PanelJson[]),
    ]),
    ['alerts', formatAlerts()],
    ['recording-rules', formatRecordingRules()],
  ]);
}

interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

interface PanelJson {
  readonly type: string;
  readonly title: string;
  readonly description: string;
}

function formatMetrics(prefix: string, metrics: readonly Metric[]): string {
  return formatTable(
    ['name', 'type', 'labels', 'what it is'],
    metrics.map(({ name, type, labels, help }) => [`\`${prefix}${name}\``, type, labels.join(', ') || '-', help]),
  );
}

/** The file that the picture of a dashboard's row has, e.g. `health.png`. */
export function toPictureName(rowTitle: string): string {
  return `${rowTitle.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.png`;
}

/** A table a row of the dashboard, each below the row's title and picture. */
function formatPanels(dashboard: string, panels: readonly PanelJson[]): string {
  const sections: string[] = [];
  for (const [index, { type, title }] of panels.entries()) {
    if (type !== 'row') continue;
    const after = panels.slice(index + 1);
    const end = after.findIndex((panel) => panel.type === 'row');
    const below = end < 0 ? after : after.slice(0, end);
    const rows = below.map((panel) => [panel.title, panel.description]);
    const picture = `![${title}, drawn with Grafana's components](pictures/${dashboard}/${toPictureName(title)})`;
    sections.push(`**${title}**\n\n${picture}\n\n${formatTable(['panel', 'what it shows'], rows)}`);
  }
  return sections.join('\n\n');
}

function formatAlerts(): string {
  const alerts = createAlertingRules(schedulerService);
  return formatTable(
    ['alert', 'severity', 'after', 'fires when'],
    alerts.map(({ alert, labels, for: lasting, expr }) => [
      `[${alert}](#${alert.toLowerCase()})`,
      labels.severity,
      lasting,
      `\`${expr}\``,
    ]),
  );
}

function formatRecordingRules(): string {
  const rules = createRecordingRules(schedulerService);
  const names = new Map(rules.map(({ record, expr }) => [record, expr]));
  return formatTable(
    ['recorded', 'from'],
    [...names].map(([record, expr]) => [`\`${record}\``, `\`${expr}\``]),
  );
}

function formatTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}
