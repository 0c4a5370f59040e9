import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  createDeploymentFiles,
  createMonitoringFiles,
  createReference,
  createRuleGroups,
  resolveService,
  schedulerService,
} from '../src/index.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = `${root}monitoring/`;
const document = `${root}docs/BANDWIDTH_MONITORING.md`;

test('monitoring/ is what the code makes; `npm run generate` writes it', () => {
  const files = new Map([...createMonitoringFiles(schedulerService), ...createDeploymentFiles(schedulerService)]);
  const there = globSync('**/*', { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = there.map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length));
  expect(paths.sort()).toEqual([...files.keys()].sort());
  for (const [path, text] of files) expect(readFileSync(folder + path, 'utf8'), path).toBe(text);
});

test.each([...createReference()])(
  'docs/BANDWIDTH_MONITORING.md has the table %s that the code makes',
  (name, table) => {
    const text = readFileSync(document, 'utf8');
    expect(text).toContain(`<!-- generate ${name} -->\n\n${table}\n\n<!-- end -->`);
  },
);

test("the monitor's README has the table of its metrics that the code makes", () => {
  const text = readFileSync(`${root}packages/monitor/README.md`, 'utf8');
  const table = createReference().get('bandwidth-metrics');
  expect(text).toContain(`<!-- generate bandwidth-metrics -->\n\n${table}\n\n<!-- end -->`);
});

test('every picture that a document shows is there', () => {
  for (const file of [document, `${root}README.md`]) {
    const pictures = [...readFileSync(file, 'utf8').matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, path = '']) => path);
    expect(pictures.length, file).toBeGreaterThan(0);
    for (const picture of pictures) expect(existsSync(join(dirname(file), picture)), picture).toBe(true);
  }
});

test("every alert's runbook link leads to a heading", () => {
  const text = readFileSync(document, 'utf8');
  const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase());
  const alerts = createRuleGroups(schedulerService).flatMap(({ rules }) => rules.filter((rule) => 'alert' in rule));
  expect(alerts.length).toBeGreaterThan(5);
  for (const { annotations } of alerts) {
    const [file, anchor] = annotations.runbook_url.split('#');
    expect(file).toBe('docs/BANDWIDTH_MONITORING.md');
    expect(anchors).toContain(anchor);
  }
});

describe('for another service', () => {
  const files = createMonitoringFiles(resolveService({ prefix: 'shop_', target: 'shop.internal:9465' }));

  test('names, job, target and rules are its own, and nothing of the scheduler is left', () => {
    expect([...files.keys()]).toEqual(
      expect.arrayContaining([
        'prometheus.yml',
        'rules/shop.rules.yml',
        'grafana/provisioning/dashboards/weighbridge/http-bandwidth.json',
      ]),
    );
    expect(parse(files.get('prometheus.yml') ?? '').scrape_configs).toEqual([
      { job_name: 'shop', static_configs: [{ targets: ['shop.internal:9465'] }] },
    ]);
    expect(files.get('rules/shop.rules.yml')).toContain('shop_http_connection_bytes_total');
    for (const [path, text] of files) expect(text, path).not.toContain('scheduler_');
  });
});

test('the operators keep our label endpoint', () => {
  const files = createMonitoringFiles(schedulerService);
  const kinds = ['service-monitor.yml', 'pod-monitor.yml', 'vm-service-scrape.yml'].map((name) => {
    const { kind, spec } = parse(files.get(`kubernetes/${name}`) ?? '');
    for (const endpoint of spec.endpoints ?? spec.podMetricsEndpoints) expect(endpoint.honorLabels, name).toBe(true);
    return kind;
  });
  expect(kinds).toEqual(['ServiceMonitor', 'PodMonitor', 'VMServiceScrape']);
});

test("Grafana's windows hold at least two scrapes", () => {
  const files = createMonitoringFiles(schedulerService);
  const scrape = parse(files.get('prometheus.yml') ?? '').global.scrape_interval;
  const { datasources } = parse(files.get('grafana/provisioning/datasources/weighbridge.yml') ?? '');
  expect(datasources).toMatchObject([{ uid: 'weighbridge-metrics', jsonData: { timeInterval: scrape } }]);
});

test.each([
  [{ prefix: '9shop' }, "prefix must be the beginning of a metric name ([a-zA-Z_:][a-zA-Z0-9_:]*), got '9shop'"],
  [{ prefix: '' }, "prefix must be the beginning of a metric name ([a-zA-Z_:][a-zA-Z0-9_:]*), got ''"],
  [{ prefix: 'shop-' }, "got 'shop-'"],
  [{ prefix: 'shop_', target: 'shop.internal' }, "target must be host:port, got 'shop.internal'"],
])('refuses %j', (options, message) => {
  expect(() => resolveService(options)).toThrow(message);
});
