import { stripVTControlCharacters } from 'node:util';
import type { Bandwidth } from '@weighbridge/protocol';
import { describe, expect, test } from 'vitest';
import { drawTop, type TopView } from '../../src/top/draw.ts';
import { formatBar, formatSparkline } from '../../src/top/sparkline.ts';
import { type SortKey, TopState } from '../../src/top/top-state.ts';

const none = { in: 0, out: 0 };
const view: TopView = { columns: 100, rows: undefined, sort: 'rate', skipped: 0, hasColour: false, hasKeys: false };

/** A snapshot of endpoints `[name, in, out]`, so many seconds after another. */
function bandwidth(second: number, endpoints: [string, number, number][]): Bandwidth {
  const sum = (index: 1 | 2) => endpoints.reduce((total, line) => total + line[index], 0);
  return {
    at: new Date(Date.parse('2026-03-01T12:00:00.000Z') + second * 1000).toISOString(),
    connection: { in: sum(1), out: sum(2) },
    endpointsTotal: { in: sum(1), out: sum(2) },
    unattributed: none,
    unattributedReasons: {},
    pending: none,
    openConnections: 2,
    inFlight: 1,
    balanced: true,
    endpoints: endpoints.map(([name, requestBytes, responseBytes]) => {
      const [method = '', endpoint = ''] = name.split(' ');
      return { method, endpoint, requestBytes, responseBytes, exchanges: 3 };
    }),
    clients: [],
    nodes: [],
  };
}

function createState(...snapshots: [string, number, number][][]): TopState {
  const state = new TopState();
  state.take({
    type: 'service',
    service: { name: 'shop', startedMs: 0, hasScheduler: false, ownEndpoints: ['/page'] },
  });
  state.take({ type: 'history', history: { resolution: 'second', starts: [], points: [[0, 1000, 50, 500, 0, 0]] } });
  for (const [second, endpoints] of snapshots.entries())
    state.take({ type: 'bandwidth', bandwidth: bandwidth(second, endpoints) });
  return state;
}

describe('what top knows', () => {
  test('rates are by the second, from what the service remembers on', () => {
    const state = createState([['GET /a', 100, 1000]], [['GET /a', 150, 3000]]);
    expect(state.rates).toEqual([
      { in: 50, out: 500 },
      { in: 50, out: 2000 },
    ]);
    expect(state.endpoints).toMatchObject([{ endpoint: '/a', rate: 2050 }]);
  });

  test('after a connection that broke, no rate is made of the time between', () => {
    const state = createState([['GET /a', 100, 1000]], [['GET /a', 150, 3000]]);
    state.take({ type: 'history', history: { resolution: 'second', starts: [], points: [[0, 1000, 7, 7, 0, 0]] } });
    state.take({ type: 'bandwidth', bandwidth: bandwidth(600, [['GET /a', 9_000_000, 9_000_000]]) });
    expect(state.rates).toEqual([{ in: 7, out: 7 }]);
    expect(state.endpoints[0]?.rate).toBe(0);
  });

  test('traffic of live pages is left out', () => {
    const state = createState(
      [['GET /page', 5, 5000]],
      [
        ['GET /page', 10, 9000],
        ['GET /a', 1, 2],
      ],
    );
    expect(state.rates.at(-1)).toEqual({ in: 1, out: 2 });
    expect(state.totals()).toEqual({ in: 1, out: 2 });
    expect(state.endpoints.map(({ endpoint }) => endpoint)).toEqual(['/a']);
  });

  test('endpoints are sorted by each key, equal ones by name', () => {
    const before: [string, number, number][] = [
      ['GET /a', 0, 0],
      ['GET /b', 900, 0],
      ['GET /c', 0, 0],
    ];
    const state = createState(before, [
      ['GET /c', 7, 7],
      ['GET /b', 901, 0],
      ['GET /a', 7, 7],
    ]);
    const names = (key: SortKey) =>
      state
        .sorted(key)
        .map(({ endpoint }) => endpoint.slice(1))
        .join('');
    expect(['rate', 'in', 'out', 'exchanges', 'name'].map((key) => names(key as SortKey))).toEqual([
      'acb',
      'bac',
      'acb',
      'abc',
      'abc',
    ]);
  });

  test('a service that was started again gives no negative rate', () => {
    const state = createState([['GET /a', 5000, 5000]], [['GET /a', 10, 10]]);
    expect(state.rates.at(-1)).toEqual({ in: 0, out: 0 });
    expect(state.endpoints[0]?.rate).toBe(0);
  });
});

describe('a picture', () => {
  test('has totals, rates, and endpoints to the column', () => {
    const lines = drawTop(createState([['GET /a', 0, 0]], [['GET /a', 1500, 2_000_000]]), view);
    expect(lines[0]).toBe('weighbridge shop  ● live  12:00:01');
    expect(lines[2]).toMatch(/^In {6}1\.5 kB\/s .*█ {2}1\.5 kB since the start$/);
    expect(lines.at(-1)).toMatch(/^GET {4}\/a +1\.5 kB +2\.0 MB +2\.0 MB\/s 100\.0 % +3$/);
  });

  test('is never wider or higher than the terminal, and shows endpoints first', () => {
    const many = Array.from({ length: 50 }, (_, index): [string, number, number] => [
      `GET /${'long/'.repeat(9)}${index}`,
      1,
      index,
    ]);
    const state = createState(many);
    state.nodes = [
      {
        id: 'scale-one',
        state: 'ready',
        queues: ['default'],
        slots: 2,
        slotsUsed: 1,
        labels: {},
        registeredAt: '',
        lastHeartbeatAt: new Date().toISOString(),
      },
    ];
    for (const columns of [20, 60, 80, 200]) {
      for (const rows of [6, 12, 24, 60]) {
        const lines = drawTop(state, { ...view, columns, rows, hasColour: true, hasKeys: true });
        expect(lines).toHaveLength(rows);
        for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(columns);
      }
    }
    const small = drawTop(state, { ...view, rows: 14, hasKeys: true });
    expect(small.filter((line) => line.startsWith('GET'))).toHaveLength(5);
    expect(drawTop(state, { ...view, rows: 60 }).join('\n')).toContain('scale-one');
    // Without a height there is room for all.
    const whole = drawTop(state, view);
    expect(whole.filter((line) => line.startsWith('GET'))).toHaveLength(50);
    expect(whole.join('\n')).toContain('scale-one');
  });

  test('has no colour where none is wanted', () => {
    const state = createState([['GET /a', 1, 1]]);
    const text = (hasColour: boolean) => drawTop(state, { ...view, hasColour }).join('');
    expect(text(false)).toBe(stripVTControlCharacters(text(true)));
    expect(text(true)).not.toBe(text(false));
  });

  test('lets no control character of others through', () => {
    const state = createState([['GET /\u001b[31m', 1, 1]]);
    expect(drawTop(state, view).join('')).not.toContain('\u001b');
  });

  test('says that nothing comes any more', () => {
    const state = createState([['GET /a', 1, 1]]);
    state.lost = 'nothing answers; trying again';
    expect(drawTop(state, view)[0]).toContain('● nothing answers; trying again');
  });

  test('of a transfer says how far it is, and for which job', () => {
    const state = createState([['PUT /blobs/:sha256', 1, 1]]);
    state.transfers = [
      {
        id: '1',
        method: 'PUT',
        endpoint: '/blobs/:sha256',
        job: '1c3ff7c3-fa36-44b9-8ebf-4b2ce4a31fb4',
        in: 2_500_000,
        out: 0,
        requestLength: 10_000_000,
        rate: 1_500_000,
        secondsLeft: 5,
      },
    ];
    expect(drawTop(state, { ...view, columns: 140 }).join('\n')).toMatch(
      /UNDER WAY\nPUT {4}\/blobs\/:sha256 +job 1c3ff7c3 +███░░░░░░░ 2\.5 MB of 10\.0 MB {2}1\.5 MB\/s {2}5 s left/,
    );
  });
});

test('a sparkline is by its largest, and as wide as asked', () => {
  expect(formatSparkline([0, 1, 4, 8], 4)).toBe(' ▂▅█');
  expect(formatSparkline([1], 3)).toBe('  █');
  expect(formatSparkline([9, 9, 1, 8], 2)).toBe('▂█');
  expect(formatSparkline([], 2)).toBe('  ');
  expect(formatBar(0.5, 4)).toBe('██░░');
  expect(formatBar(7, 2)).toBe('██');
});
