import { expect, test } from 'vitest';
import { ratesOf } from '../browser/page/history.ts';

test('rates are what flowed since the point before', () => {
  expect(
    ratesOf([
      [10_000, 0, 100],
      [11_000, 50, 300],
      [13_000, 50, 500],
    ]),
  ).toEqual([
    { at: 11, in: 50, out: 200 },
    { at: 13, in: 0, out: 100 },
  ]);
});

test('nothing is known over a gap, nor where counters or the clock went down', () => {
  const unknown = { in: null, out: null };
  expect(
    ratesOf([
      [10_000, 0, 0],
      [30_000, 9, 9],
      [31_000, 0, 0],
      [30_500, 5, 5],
    ]),
  ).toEqual([
    { at: 30, ...unknown },
    { at: 31, ...unknown },
    { at: 30.5, ...unknown },
  ]);
});
