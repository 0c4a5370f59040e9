import { expect, test } from 'vitest';
import { formatWaiting } from '../src/words/waiting-words.ts';

const now = new Date(2030, 0, 31, 7, 0, 0);
const until = (...parts: [number, number, number, number, number?, number?]) =>
  formatWaiting({ code: 'time', detail: 'until …', until: new Date(...parts).toISOString() }, now);

test('a moment is told as the clock here shows it', () => {
  expect(until(2030, 0, 31, 8, 0)).toBe('until 08:00');
  expect(until(2030, 0, 31, 7, 0, 5)).toBe('until 07:00:05');
  expect(until(2030, 1, 3, 8, 5)).toBe('until 3 Feb, 08:05');
  expect(until(2031, 1, 3, 8, 5)).toBe('until 3 Feb 2031, 08:05');
});

test('everything else is told as the master says it', () => {
  expect(formatWaiting({ code: 'no-node', detail: 'no node serves queue gpu' })).toBe('no node serves queue gpu');
});
