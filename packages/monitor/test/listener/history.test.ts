import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History, type KeptMinute } from '../../src/listener/history/history.ts';
import { toHistoryJson, toWindowJson } from '../../src/listener/history/history-json.ts';
import { ListenerError } from '../../src/listener/listener-error.ts';
import type { BandwidthSnapshot, Directions } from '../../src/snapshot.ts';

const none = { in: 0, out: 0 };
/** A full minute of the clock. */
const startedMs = Date.parse('2026-03-01T12:00:00.000Z');

/** Counters that grow as a test says, and a history that is told of them. */
class Service {
  readonly history: History;
  nowMs: number;
  readonly #endpoints = new Map<string, Directions>();
  readonly #clients = new Map<string, Directions>();
  readonly #connection = { ...none };
  readonly #idle = { ...none };

  constructor(atMs = startedMs, isOwn?: (endpoint: string) => boolean) {
    this.nowMs = atMs;
    this.history = new History({ startedMs: atMs, ...(isOwn && { isOwn }) });
    this.history.add(this.snapshot());
  }

  /** Lets bytes move, and a second pass. */
  tick(moved: Record<string, [bytesIn: number, bytesOut: number]> = {}, afterMs = 1000): void {
    for (const [name, [bytesIn, bytesOut]] of Object.entries(moved)) {
      const totals = name === 'idle' ? this.#idle : this.#totals(name);
      add(totals, bytesIn, bytesOut);
      if (!name.startsWith('@')) add(this.#connection, bytesIn, bytesOut);
    }
    this.nowMs += afterMs;
    this.history.add(this.snapshot());
  }

  #totals(name: string): Directions {
    const all = name.startsWith('@') ? this.#clients : this.#endpoints;
    const totals = all.get(name) ?? { ...none };
    all.set(name, totals);
    return totals;
  }

  snapshot(): BandwidthSnapshot {
    const unattributed = Object.fromEntries(
      ['tls_handshake', 'tls_failure', 'malformed', 'timeout', 'idle', 'http2_session', 'other'].map((reason) => [
        reason,
        reason === 'idle' ? { ...this.#idle } : none,
      ]),
    ) as BandwidthSnapshot['unattributed'];
    return {
      at: new Date(this.nowMs).toISOString(),
      connection: { ...this.#connection },
      endpoints: [...this.#endpoints].map(([endpoint, moved]) => ({
        method: 'GET',
        endpoint,
        requestBytes: moved.in,
        exchanges: 1,
        aborted: 0,
        responses: [
          { status: '200', bytes: moved.out - Math.floor(moved.out / 3), exchanges: 1 },
          { status: '404', bytes: Math.floor(moved.out / 3), exchanges: 1 },
        ],
      })),
      clients: [...this.#clients].map(([client, moved]) => ({ client: client.slice(1), ...moved })),
      unattributed,
      endpointsTotal: none,
      unattributedTotal: none,
      pending: none,
      tlsOverhead: none,
      open: { connections: 0, exchanges: 0 },
      balanced: true,
    };
  }
}

function add(totals: Directions, bytesIn: number, bytesOut: number): void {
  totals.in += bytesIn;
  totals.out += bytesOut;
}

const endpoint = (name: string) => ({ kind: 'endpoint', method: 'GET', endpoint: name }) as const;

describe('seconds', () => {
  test('hold what moved since the sample before, in total and by endpoint, client and reason', () => {
    const service = new Service();
    service.tick({ '/a': [10, 200], '/b': [1, 0], '@acme': [11, 200], idle: [5, 6] });
    service.tick({ '/a': [1, 2] });
    const [first, second] = service.history.points('second');
    expect(first).toMatchObject({ fromMs: startedMs, atMs: startedMs + 1000, moved: { in: 16, out: 206 } });
    expect(second).toMatchObject({ fromMs: startedMs + 1000, moved: { in: 1, out: 2 } });
    const { history } = service;
    if (!first || !second) throw new Error('there are two');
    expect(history.movedBy(endpoint('/a'), first)).toEqual({ in: 10, out: 200 });
    expect(history.movedBy(endpoint('/b'), second)).toEqual(none);
    expect(history.movedBy({ kind: 'client', client: 'acme' }, first)).toEqual({ in: 11, out: 200 });
    expect(history.movedBy({ kind: 'unattributed', reason: 'idle' }, first)).toEqual({ in: 5, out: 6 });
    expect(history.movedBy(endpoint('/never'), first)).toEqual(none);
  });

  test('what had moved before the first sample belongs to no point', () => {
    const service = new Service();
    service.tick({ '/a': [1000, 1000] });
    const late = new History({ startedMs });
    late.add(service.snapshot());
    service.tick({ '/a': [1, 2] });
    late.add(service.snapshot());
    expect(late.points('second').map(({ moved }) => moved)).toEqual([{ in: 1, out: 2 }]);
  });

  test('are 900 at most', () => {
    const service = new Service();
    for (let second = 0; second < 1000; second++) service.tick({ '/a': [second, 0] });
    const points = service.history.points('second');
    expect(points).toHaveLength(900);
    expect(points[0]?.moved.in).toBe(100);
    expect(points.at(-1)?.moved.in).toBe(999);
  });

  test('a second that the process slept through is longer, and loses nothing', () => {
    const service = new Service();
    service.tick({ '/a': [100, 0] }, 5000);
    expect(service.history.points('second')[0]).toMatchObject({
      fromMs: startedMs,
      atMs: startedMs + 5000,
      moved: { in: 100, out: 0 },
      highest: { in: 20, out: 0 },
    });
  });

  test("the listener's own endpoints are told apart", () => {
    const service = new Service(startedMs, (name) => name === '/bandwidth');
    service.tick({ '/bandwidth': [3, 400], '/a': [1, 2] });
    expect(service.history.points('second')[0]).toMatchObject({ moved: { in: 4, out: 402 }, own: { in: 3, out: 400 } });
  });

  test('a clock that was set back begins anew', () => {
    const service = new Service();
    service.tick({ '/a': [1, 1] });
    service.tick({ '/a': [1, 1] }, -3_600_000);
    service.tick({ '/a': [5, 5] });
    expect(service.history.points('second').map(({ moved }) => moved.in)).toEqual([5]);
  });
});

describe('minutes', () => {
  test('end with the minute of the clock, and keep the lowest and the highest second', () => {
    const service = new Service(startedMs + 30_000);
    for (let second = 1; second <= 45; second++) service.tick({ '/a': [second, 2 * second] });
    const [first, growing] = service.history.points('minute');
    expect(first).toMatchObject({
      fromMs: startedMs + 30_000,
      atMs: startedMs + 60_000,
      moved: { in: 465, out: 930 },
      lowest: { in: 1, out: 2 },
      highest: { in: 30, out: 60 },
    });
    expect(growing).toMatchObject({ fromMs: startedMs + 60_000, lowest: { in: 31 }, highest: { out: 90 } });
    expect(first && service.history.movedBy(endpoint('/a'), first)).toEqual({ in: 465, out: 930 });
  });

  test('are 1440 at most, beside the one that grows', () => {
    const service = new Service();
    for (let minute = 0; minute < 1500; minute++) service.tick({ '/a': [minute, 0] }, 60_000);
    service.tick();
    expect(service.history.points('minute')).toHaveLength(1441);
    expect(service.history.points('minute')[0]?.moved.in).toBe(60);
  });

  test('are given to whoever keeps them, and go on after a restart', () => {
    const kept: KeptMinute[] = [];
    const before = new Service();
    before.history.onMinute((minute) => kept.push(minute));
    for (let second = 0; second < 150; second++) before.tick({ '/a': [1, 1], '@acme': [1, 1], idle: [0, 2] });
    const unfinished = before.history.unfinished();
    expect(kept).toHaveLength(2);
    // As a store gives it back.
    const stored = JSON.parse(JSON.stringify([...kept, unfinished])) as KeptMinute[];

    const after = new Service(before.nowMs + 20_000);
    for (let second = 0; second < 70; second++) after.tick({ '/a': [10, 0] });
    after.history.restore(stored);
    const { history } = after;
    expect(history.starts).toEqual([startedMs, before.nowMs + 20_000]);
    expect(history.points('minute').map(({ moved }) => moved.in)).toEqual([60, 60, 30, 100, 600]);
    const window = history.window(startedMs, after.nowMs);
    expect(window).toMatchObject({ resolution: 'minute', moved: { in: 150 + 700, out: 450 } });
    expect(window.byKey).toContainEqual({ ...endpoint('/a'), in: 850, out: 150 });
    expect(window.byKey).toContainEqual({ kind: 'client', client: 'acme', in: 150, out: 150 });
    expect(window.byKey).toContainEqual({ kind: 'unattributed', reason: 'idle', in: 0, out: 300 });
  });
});

describe('a window', () => {
  test('is by the second where seconds reach back so far, else by the minute', () => {
    const service = new Service();
    for (let second = 0; second < 1200; second++) service.tick({ '/a': [1, 0] });
    const { history, nowMs } = service;
    expect(history.window(nowMs - 10_000, nowMs)).toMatchObject({ resolution: 'second', moved: { in: 10 } });
    expect(history.window(nowMs - 900_000, nowMs)).toMatchObject({ resolution: 'second', moved: { in: 900 } });
    expect(history.window(nowMs - 1_200_000, nowMs)).toMatchObject({ resolution: 'minute', moved: { in: 1200 } });
  });

  test('windows that meet have each byte once, wherever they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(1000), fc.nat(1000), fc.integer({ min: 1, max: 3000 })), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.array(fc.nat(100_000), { maxLength: 5 }),
        (seconds, cuts) => {
          const service = new Service();
          for (const [bytesIn, bytesOut, ms] of seconds) service.tick({ '/a': [bytesIn, bytesOut], '@c': [1, 1] }, ms);
          const edges = [startedMs, ...cuts.map((cut) => startedMs + cut), service.nowMs].sort((a, b) => a - b);
          const windows = edges.slice(1).map((edge, index) => service.history.window(edges[index] as number, edge));
          const { moved } = service.history.window(startedMs, Math.max(...edges));
          expect(windows.reduce((sum, window) => sum + window.moved.in, 0)).toBe(moved.in);
          expect(moved.in).toBe(seconds.reduce((sum, [bytesIn]) => sum + bytesIn, 0));
          for (const { byKey, moved: all } of windows) {
            const named = byKey.find(({ kind }) => kind === 'endpoint');
            expect(named?.out ?? 0).toBe(all.out);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('says from when on it knows who moved what, once that had to make room', () => {
    const service = new Service();
    const names = Array.from({ length: 1000 }, (_, number) => `/endpoint-${number}`);
    for (let second = 0; second < 300; second++) service.tick(Object.fromEntries(names.map((name) => [name, [1, 1]])));
    const { history, nowMs } = service;
    const window = history.window(startedMs, nowMs);
    // 200,000 keys are 200 of these seconds.
    expect(window).toMatchObject({ byKeyFromMs: startedMs + 100_000, moved: { in: 300_000 } });
    expect(window.byKey).toHaveLength(1000);
    expect(window.byKey.every((key) => key.in === 200)).toBe(true);
    const [oldest] = history.points('second');
    expect(oldest && history.movedBy(endpoint('/endpoint-1'), oldest)).toBeUndefined();
    expect(toHistoryJson(history, new URLSearchParams('method=GET&endpoint=/endpoint-1')).points[0]).toEqual([
      startedMs + 1000,
      1000,
      null,
      null,
    ]);
  });
});

describe('as JSON', () => {
  const service = new Service();
  service.tick({ '/a': [10, 100], '/b': [1, 2], '@acme': [11, 102], idle: [5, 6] });
  const { history } = service;
  const query = (text: string) => new URLSearchParams(text);

  test('points are rows of numbers', () => {
    expect(toHistoryJson(history, query(''))).toEqual({
      resolution: 'second',
      starts: [startedMs],
      points: [[startedMs + 1000, 1000, 16, 108, 0, 0]],
    });
    expect(toHistoryJson(history, query('resolution=minute')).points).toEqual([
      [startedMs + 1000, 1000, 16, 108, 0, 0, 16, 16, 108, 108],
    ]);
    expect(toHistoryJson(history, query('client=acme')).points).toEqual([[startedMs + 1000, 1000, 11, 102]]);
    expect(toHistoryJson(history, query('reason=idle')).points).toEqual([[startedMs + 1000, 1000, 5, 6]]);
  });

  test('a window has who moved most first', () => {
    expect(toWindowJson(history, query(`from=${startedMs}&to=${startedMs + 1000}`))).toEqual({
      from: startedMs,
      to: startedMs + 1000,
      resolution: 'second',
      in: 16,
      out: 108,
      own: none,
      knownFrom: startedMs,
      endpoints: [
        { method: 'GET', endpoint: '/a', in: 10, out: 100 },
        { method: 'GET', endpoint: '/b', in: 1, out: 2 },
      ],
      clients: [{ client: 'acme', in: 11, out: 102 }],
      unattributed: [{ reason: 'idle', in: 5, out: 6 }],
    });
  });

  test.each([
    ['resolution=hour', "resolution must be second or minute, got 'hour'"],
    ['endpoint=/a', 'method and endpoint belong together, got one of them'],
    ['reason=luck', /^reason must be one of .*, got 'luck'$/],
  ])('a bad query of the history is told: %s', (text, message) => {
    expect(() => toHistoryJson(history, query(text))).toThrow(ListenerError);
    expect(() => toHistoryJson(history, query(text))).toThrow(message);
  });

  test.each([
    ['', 'from must be a time in milliseconds since 1970, got nothing'],
    ['from=1&to=x', "to must be a time in milliseconds since 1970, got 'x'"],
    ['from=2&to=2', 'from must be before to, got 2 and 2'],
  ])('a bad window is told: %s', (text, message) => {
    expect(() => toWindowJson(history, query(text))).toThrow(message);
  });
});
