import { describe, expect, test } from 'vitest';
import { formatAge, formatBytes, formatExact, formatRate, formatShare } from '../browser/format.ts';

describe('bytes', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [12_345, '12.3 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [9_994_999, '9.99 MB'],
    [20_971_520, '21.0 MB'],
    [3.2e18, '3200 PB'],
  ])('%d reads %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test('are all there where the books are checked', () => expect(formatExact(1_234_567_890)).toBe('1,234,567,890'));
});

test('a rate that is not known yet is no zero', () => {
  expect(formatRate(undefined)).toBe('–');
  expect(formatRate(0)).toBe('0 B/s');
  expect(formatRate(1536.4)).toBe('1.54 kB/s');
});

test('a small share is told from none', () => {
  expect(formatShare(0, 100)).toBe('0.0 %');
  expect(formatShare(1, 1e6)).toBe('<0.1 %');
  expect(formatShare(1, 3)).toBe('33.3 %');
  expect(formatShare(0, 0)).toBe('–');
});

test('an age takes the largest unit that fits, and never runs backwards', () => {
  expect([-500, 59_999, 60_000, 3_599_000, 7_200_000, 200_000_000].map(formatAge)).toEqual([
    '0 s',
    '59 s',
    '1 min',
    '59 min',
    '2 h',
    '2 d',
  ]);
});
