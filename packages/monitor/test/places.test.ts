import fc from 'fast-check';
import Fastify from 'fastify';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SeriesTable } from '../src/export/series.ts';
import { type BandwidthMonitor, monitorBandwidth, setEndpoint } from '../src/index.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { parseSamples } from './accuracy/exposition.ts';
import { get } from './preload/app-process.ts';
import { MonitoredServer } from './support/monitored-server.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0)) await stop();
});

/** Writes an exchange's bytes as a connection's account does. */
function move(ledger: Ledger, endpoint: string, bytes: number): void {
  const { endpoints } = ledger;
  const series = endpoints.find('GET', endpoint);
  if (series.endpoint !== endpoint) endpoints.noteOverflowed('GET', endpoint, bytes);
  ledger.add(series.requestCell, bytes);
}

const named = (ledger: Ledger) => ledger.endpoints.all.filter(({ endpoint }) => endpoint !== '_other');
const bytesOf = (ledger: Ledger) =>
  new Map(ledger.endpoints.all.map(({ endpoint, requestCell }) => [endpoint, ledger.cells.bytes(requestCell)]));

describe('places', () => {
  test('listed routes stand at 0 while they fill at most half, and give way to traffic', () => {
    const ledger = new Ledger(500);
    for (let index = 0; index < 1000; index++) ledger.endpoints.list('GET', `/${index}`, ['200']);
    expect(named(ledger).map(({ endpoint }) => endpoint)).toEqual(
      Array.from({ length: 250 }, (_, index) => `/${index}`),
    );
    move(ledger, '/900', 1);
    expect(bytesOf(ledger).get('/900')).toBe(1);
    for (let index = 300; index < 740; index++) move(ledger, `/${index}`, 1);
    expect(named(ledger)).toHaveLength(500);
    // 441 have traffic: 59 of those that stand at 0 have kept their places, the first.
    expect(
      named(ledger)
        .filter(({ isIdle }) => isIdle)
        .map(({ endpoint }) => endpoint),
    ).toEqual(Array.from({ length: 59 }, (_, index) => `/${index}`));
    expect(ledger.endpoints.overflowed).toBe(0);
  });

  test('what comes too late and moves most has its own name after the next round', () => {
    const ledger = new Ledger(10);
    for (let index = 0; index < 30; index++) move(ledger, `/${index}`, 100);
    for (let time = 0; time < 10; time++) move(ledger, '/bill', 3000);
    expect(bytesOf(ledger).has('/bill')).toBe(false);
    const before = bytesOf(ledger).get('_other');
    ledger.endpoints.promoteBusiest();
    move(ledger, '/bill', 5);
    // No byte changes its name.
    expect(bytesOf(ledger).get('/bill')).toBe(5);
    expect(bytesOf(ledger).get('_other')).toBe(before);
    expect(named(ledger)).toHaveLength(10);
  });

  test('the kept places are not spent on those that move little', () => {
    const ledger = new Ledger(100);
    for (let index = 0; index < 500; index++) move(ledger, `/${index}`, 100);
    for (let round = 0; round < 20; round++) ledger.endpoints.promoteBusiest();
    expect(named(ledger)).toHaveLength(90);
  });

  test('whatever comes, the cap holds, no counter goes down or vanishes, and the sum is exact', () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('list'), endpoint: fc.nat(30), bytes: fc.constant(0) }),
      fc.record({ what: fc.constant('move'), endpoint: fc.nat(30), bytes: fc.nat(1000) }),
      fc.record({ what: fc.constant('promote'), endpoint: fc.constant(0), bytes: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 200 }), (maxEndpoints, steps) => {
        const ledger = new Ledger(maxEndpoints);
        const table = new SeriesTable(ledger);
        let [total, before] = [0, bytesOf(ledger)];
        for (const { what, endpoint, bytes } of steps) {
          if (what === 'list') ledger.endpoints.list('GET', `/${endpoint}`, ['200', '404']);
          else if (what === 'move') move(ledger, `/${endpoint}`, bytes);
          else ledger.endpoints.promoteBusiest();
          total += bytes;
          const now = bytesOf(ledger);
          for (const [name, counted] of before) if (counted > 0) expect(now.get(name)).toBeGreaterThanOrEqual(counted);
          expect(named(ledger).length).toBeLessThanOrEqual(maxEndpoints);
          expect([...now.values()].reduce((sum, counted) => sum + counted, 0)).toBe(total);
          table.update();
          expect(table.requests.map(({ owner }) => owner)).toEqual(ledger.endpoints.all);
          expect(table.responses).toHaveLength(
            ledger.endpoints.all.reduce((sum, { responses }) => sum + responses.size, 0),
          );
          before = now;
        }
      }),
    );
  });
});

test("a thousand routes of Fastify don't keep the busiest from its name", async () => {
  const warnings: string[] = [];
  const monitor = monitorBandwidth({
    servers: [],
    maxEndpoints: 20,
    warn: (message) => warnings.push(message),
  });
  const app = Fastify();
  monitor.watch(app.server);
  stops.push(
    () => app.close(),
    () => monitor.stop(),
  );
  for (let index = 0; index < 1000; index++) app.get(`/route${index}`, () => 'x'.repeat(index));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const samples = async (from: BandwidthMonitor) => [...parseSamples(await from.text()).keys()].join('\n');
  expect(await samples(monitor)).toContain('endpoint="/route4"');
  await get(`${url}/route999`);
  await vi.waitFor(async () => expect(await samples(monitor)).toContain('endpoint="/route999"'));
  for (let index = 100; index < 130; index++) await get(`${url}/route${index}`);
  await vi.waitFor(() => expect(warnings).toEqual([expect.stringContaining('the cap of 20 endpoints was met')]));
  // What stood at 0 has given way.
  expect(await samples(monitor)).not.toContain('endpoint="/route4"');
});

test('the monitor promotes by itself, each ten samples', async () => {
  const monitored = await MonitoredServer.start(
    (request, response) => {
      setEndpoint(request, request.url as string);
      response.end('x'.repeat(request.url === '/bill' ? 10_000 : 1));
    },
    { maxEndpoints: 2, sampleIntervalMs: 100 },
  );
  stops.push(() => monitored.stop());
  const url = `http://127.0.0.1:${monitored.port}`;
  await get(`${url}/first`);
  await vi.waitFor(
    async () => {
      await get(`${url}/bill`);
      expect(monitored.endpoint('GET', '/bill').exchanges).toBeGreaterThan(0);
    },
    { timeout: 5000, interval: 50 },
  );
  expect(monitored.monitor.snapshot().balanced).toBe(true);
});
