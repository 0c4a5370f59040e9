import { describe, expect, test } from 'vitest';
import { bucketOf, sizeBounds } from '../src/ledger/histogram.ts';

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
