import { describe, expect, test } from 'vitest';
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

describe('what is no amount', () => {
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
