import { metricFamilies } from '@weighbridge/monitor';
import { processMetrics, schedulerMetrics } from '@weighbridge/protocol';
import { describe, expect, test } from 'vitest';
import { createDashboards, interpolate, parsePromql, schedulerService } from '../src/index.ts';
import { readPanels, readQueryPanels, readVariables } from './support/panels.ts';

const dashboards = [...createDashboards(schedulerService)];

// As Grafana replaces them; the prefix is one that the rest of the text doesn't hold.
const values = {
  prefix: 'shop_',
  job: '.+',
  instance: '.+',
  price: '0.09',
  // No window that someone would write by hand.
  __rate_interval: '77s',
  __range: '78m',
};

/** Every series that may be asked for, and the type of its family. */
const known = new Map<string, 'counter' | 'gauge' | 'histogram'>();
function know(name: string, type: 'counter' | 'gauge' | 'histogram'): void {
  known.set(name, type);
  if (type !== 'histogram') return;
  for (const suffix of ['_bucket', '_sum', '_count']) known.set(name + suffix, 'counter');
}
for (const { name, type } of Object.values(metricFamilies)) {
  for (const prefix of ['scheduler_', 'shop_']) know(prefix + name, type);
}
for (const { name, type } of Object.values(schedulerMetrics)) know(name, type);
for (const name of Object.values(processMetrics)) know(name, name.endsWith('_total') ? 'counter' : 'gauge');

/** The one panel that is about the counters as they stand: their sum is a statement, not a rate. */
const rawCounters = new Set(['Accounting', 'Unaccounted Bytes']);

describe.each(dashboards)('%s', (_file, dashboard) => {
  const panels = readQueryPanels(dashboard);
  const queries = panels.flatMap((panel) => panel.targets.map((target) => ({ panel, target })));
  const variables = readVariables(dashboard);

  test('has a stable uid, tags, and is written by code alone', () => {
    expect(dashboard.uid).toMatch(/^weighbridge-[a-z]+$/);
    expect(dashboard.title).toMatch(/^Weighbridge \/ /);
    expect(dashboard.description).toBeTruthy();
    expect(dashboard.editable).toBe(false);
    expect(dashboard.tags).toEqual(['weighbridge']);
    const text = JSON.stringify(dashboard);
    for (const forbidden of ['__inputs', '__requires', 'DS_', '${ENV', 'le="', 'le=~"']) {
      expect(text).not.toContain(forbidden);
    }
  });

  test('lets the data source, job and instance be chosen', () => {
    const byName = new Map(variables.map((variable) => [variable.name, variable]));
    expect(byName.get('datasource')).toMatchObject({ label: 'Data source', type: 'datasource', query: 'prometheus' });
    for (const [name, label] of [
      ['job', 'Job'],
      ['instance', 'Instance'],
    ] as const) {
      expect(byName.get(name)).toMatchObject({ label, type: 'query', multi: true, includeAll: true, allValue: '.+' });
    }
    // 2: at every change of the time range, so that a target that came today is found today.
    const asked = variables.filter(({ type }) => type === 'query');
    for (const variable of asked) {
      expect(variable).toMatchObject({ refresh: 2, datasource: { uid: '$datasource' } });
      const [, metric = ''] = /^label_values\((.*), \w+\)$/.exec(variable.definition ?? '') ?? [];
      expect(parsePromql(interpolate(metric, values)), variable.name).toMatchObject({
        errors: [],
        selections: [expect.anything()],
      });
    }
  });

  test('every panel has title, description, unit, a text for no data, and the chosen data source', () => {
    expect(panels.length).toBeGreaterThan(10);
    for (const { title, description, datasource, fieldConfig, targets } of panels) {
      expect(title, title).toMatch(/^[A-Z]/);
      expect(description, title).toMatch(/\.$/);
      expect(description.length, title).toBeGreaterThan(40);
      expect(fieldConfig.defaults.unit, title).toBeTruthy();
      expect(fieldConfig.defaults.noValue, title).toBeTruthy();
      expect(targets.length, title).toBeGreaterThan(0);
      for (const source of [datasource, ...targets.map((target) => target.datasource)]) {
        expect(source, title).toEqual({ type: 'prometheus', uid: '$datasource' });
      }
    }
  });

  test('ids, titles and query letters are unique', () => {
    const ids = readPanels(dashboard).map(({ id }) => id);
    expect(ids).toEqual(ids.map((_id, index) => index + 1));
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    for (const { title, targets } of panels) {
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
      for (const { legendFormat } of targets) expect(legendFormat, title).toBeTruthy();
    }
  });

  test('no panel covers another or leaves the grid', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of readPanels(dashboard)) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x},${y}`), `${title} covers`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
      }
    }
  });

  test('every query is PromQL, asks for known series of the chosen targets, and rates counters alone', () => {
    for (const { panel, target } of queries) {
      const where = `${panel.title}: ${target.expr}`;
      const { selections, errors } = parsePromql(interpolate(target.expr, values));
      expect(errors, where).toEqual([]);
      expect(selections.length, where).toBeGreaterThan(0);
      for (const { name, matchers, range, within } of selections) {
        expect(known.has(name), `${where}: ${name} is no metric of ours`).toBe(true);
        for (const label of ['job', 'instance']) {
          const matcher = matchers.find((one) => one.label === label);
          expect(matcher, where).toEqual({ label, operator: '=~', value: '.+' });
        }
        expect(['', values.__rate_interval, values.__range], `${where}: a window of its own`).toContain(range);
        const rated = within.some((one) => ['rate', 'increase'].includes(one));
        expect(rated, where).toBe(range !== '');
        if (rawCounters.has(panel.title)) continue;
        expect(rated, `${where}: a counter wants a rate, a gauge none`).toBe(known.get(name) !== 'gauge');
      }
    }
  });

  test('every query of a quantile also answers for converted histograms', () => {
    const asked = queries.map(({ panel, target }) => ({
      title: panel.title,
      names: parsePromql(interpolate(target.expr, values))
        .selections.filter(({ within }) => within.includes('histogram_quantile'))
        .map(({ name }) => name),
    }));
    const quantiles = asked.filter(({ names }) => names.length > 0);
    expect(quantiles.length).toBeGreaterThan(0);
    for (const { title, names } of quantiles) expect(names, title).toEqual([`${names[1]}_bucket`, names[1]]);
  });

  test('each direction of an endpoint has a query of its own: a sum would lose those that have one side only', () => {
    const panel = panels.find(({ title }) => title === 'Bandwidth by Endpoint');
    const names = panel?.targets.map(({ expr }) =>
      parsePromql(interpolate(expr, values)).selections.map(({ name }) => name),
    );
    expect(names).toEqual([
      [expect.stringMatching(/http_request_bytes_total$/)],
      [expect.stringMatching(/http_response_bytes_total$/)],
    ]);
  });
});

test('the first row of the scheduler shows its bandwidth in the five panels that were promised', () => {
  const [, dashboard] = dashboards.find(([file]) => file === 'distributed-scheduler.json') ?? [];
  if (!dashboard) throw new Error('there is no distributed-scheduler.json');
  const titles = readPanels(dashboard).map(({ title }) => title);
  expect(titles.slice(0, 6)).toEqual([
    'Scheduler Bandwidth',
    'Scheduler Bandwidth (Total)',
    'Request/Response Size Distribution',
    'Inbound Bandwidth',
    'Outbound Bandwidth',
    'Bandwidth by Endpoint',
  ]);
  for (const title of ['Inbound Bandwidth', 'Outbound Bandwidth']) {
    const panel = readQueryPanels(dashboard).find((one) => one.title === title);
    expect(panel?.type).toBe('stat');
    expect(panel?.fieldConfig.defaults.thresholds?.steps).toEqual([
      { value: null, color: 'green' },
      { value: 1e6, color: 'yellow' },
      { value: 10e6, color: 'red' },
    ]);
  }
});
