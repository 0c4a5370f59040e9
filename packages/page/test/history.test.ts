import { expect, test } from 'vitest';
import { toRates } from '../browser/page/history.ts';

test('rates are by the length of each point', () => {
  const points = [
    [5000, 1000, 300, 20, 0, 0],
    [15_000, 10_000, 500, 0, 0, 0],
  ];
  expect(toRates({ points })).toEqual([
    { at: 5, in: 300, out: 20 },
    { at: 15, in: 50, out: 0 },
  ]);
});

test('what is no longer known is a gap', () => {
  expect(toRates({ points: [[5000, 1000, null, null]] })).toEqual([{ at: 5, in: null, out: null }]);
});
