import { describe, expect, test } from 'vitest';
import { imbalance } from '../src/ledger/balance.ts';
import { Cells } from '../src/ledger/cells.ts';
import { bucketOf, sizeBounds } from '../src/ledger/histogram.ts';
import { Ledger } from '../src/ledger/ledger.ts';

describe('a size histogram', () => {
  // Written here again: 100 B to 1 GB by tens are a promise to dashboards.
  const bounds = [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

  test('has its bounds from 100 B to 1 GB', () => expect([...sizeBounds]).toEqual(bounds));

  test.each(bounds.map((bound, index) => [bound, index]))(
    'takes %d into its own bucket, and no more',
    (bound, index) => {
      expect([bucketOf(bound - 1), bucketOf(bound), bucketOf(bound + 1)]).toEqual([index, index, index + 1]);
    },
  );

  test('takes nothing into the first', () => expect(bucketOf(0)).toBe(0));
});

test('what is missing from the totals is told by direction', () => {
  const totals = {
    connection: { in: 1000, out: 100 },
    endpointsTotal: { in: 500, out: 60 },
    unattributedTotal: { in: 200, out: 30 },
    pending: { in: 100, out: 20 },
  };
  expect(imbalance(totals)).toEqual({ in: 200, out: -10 });
});

describe('cells', () => {
  test('keep their numbers when the array grows, each its own', () => {
    const cells = new Cells();
    const all = Array.from({ length: 200 }, (_, index) => {
      const cell = cells.add();
      cells.addBytes(cell, index);
      cells.observe(cell, 10 * index);
      return cell;
    });
    expect(all.map((cell) => [cells.bytes(cell), cells.sum(cell), cells.observed(cell)])).toEqual(
      all.map((_, index) => [index, 10 * index, 1]),
    );
  });

  test('count what is above every bound among the observed', () => {
    const cells = new Cells();
    const cell = cells.add();
    for (const bytes of [0, 5_000_000_000]) cells.observe(cell, bytes);
    expect([cells.observed(cell), cells.bucket(cell, 0), cells.bucket(cell, sizeBounds.length)]).toEqual([2, 1, 1]);
  });

  test('add the numbers of another: bytes, the sum, each bucket', () => {
    const cells = new Cells();
    const [before, cell, after] = [cells.add(), cells.add(), cells.add()];
    cells.addBytes(cell, 1);
    const numbers = [10, 20, ...Array.from({ length: sizeBounds.length + 1 }, (_, index) => index + 1)];
    cells.merge(cell, numbers);
    cells.merge(cell, [100]);
    expect([cells.bytes(cell), cells.sum(cell)]).toEqual([111, 20]);
    expect(Array.from({ length: sizeBounds.length + 1 }, (_, index) => cells.bucket(cell, index))).toEqual(
      numbers.slice(2),
    );
    expect([before, after].map((other) => [cells.bytes(other), cells.observed(other)])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});

test('an ended exchange stands in both histograms, and among the aborted if it was', () => {
  const ledger = new Ledger(10);
  const series = ledger.endpoints.find('GET', '/a');
  const cell = ledger.endpoints.findResponseCell(series, '200');
  ledger.end(series, cell, 70, 5000, false);
  expect(series.aborted).toBe(0);
  ledger.end(series, cell, 80, 6000, true);
  expect(series.aborted).toBe(1);
  expect([ledger.cells.sum(series.requestCell), ledger.cells.sum(cell)]).toEqual([150, 11_000]);
});

describe('what is no amount', () => {
  test('is refused in a sentence that names it', () => {
    const told: string[] = [];
    const ledger = new Ledger(10, ({ message }) => told.push(message));
    const series = ledger.endpoints.find('GET', '/a');
    expect([ledger.add(series.requestCell, -1), ledger.add(series.requestCell, 1)]).toEqual([false, true]);
    ledger.end(series, series.requestCell, -2, 1, false);
    ledger.end(series, series.requestCell, 1, -3, false);
    ledger.addUnattributed('idle', -4, 1);
    ledger.addUnattributed('idle', 1, -5);
    ledger.addTlsOverhead(-6, 1);
    ledger.addClosed(1, -7);
    expect(told).toEqual([
      'bytes of an exchange must be a finite number from 0 on, got -1',
      'bytes of an ended exchange must be a finite number from 0 on, got -2',
      'bytes of an ended exchange must be a finite number from 0 on, got -3',
      'unattributed bytes (idle) must be a finite number from 0 on, got -4',
      'unattributed bytes (idle) must be a finite number from 0 on, got -5',
      'TLS overhead must be a finite number from 0 on, got -6',
      'bytes of a closed connection must be a finite number from 0 on, got -7',
    ]);
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('%s is refused by the ledger and counted', (value) => {
    const ledger = new Ledger(10);
    const series = ledger.endpoints.find('GET', '/a');
    const cell = ledger.endpoints.findResponseCell(series, '200');
    ledger.add(series.requestCell, value);
    ledger.end(series, cell, value, 1, true);
    ledger.end(series, cell, 1, value, true);
    ledger.addUnattributed('idle', 1, value);
    ledger.addTlsOverhead(value, 1);
    ledger.addClosed(value, 1);
    expect(ledger).toMatchObject({
      errors: 6,
      closed: { in: 0, out: 0 },
      tlsOverhead: { in: 0, out: 0 },
      unattributed: { idle: { in: 0, out: 0 } },
    });
    expect([ledger.cells.bytes(series.requestCell), ledger.cells.sum(cell), series.aborted]).toEqual([0, 0, 0]);
  });
});
