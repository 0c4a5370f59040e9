import { expect, test } from 'vitest';
import { formatAge, formatBytes, formatSpan } from '../src/terminal/format.ts';
import { visible } from '../src/terminal/output.ts';

test('bytes in decimal units', () => {
  expect([0, 999, 1000, 27_345_678, 5e15].map(formatBytes)).toEqual(['0 B', '999 B', '1.0 kB', '27.3 MB', '5000.0 TB']);
});

test('spans in their largest unit', () => {
  expect([-5, 59, 60, 3600, 86_400].map(formatSpan)).toEqual(['0 s', '59 s', '1 min', '1 h', '1 d']);
  expect(formatAge('2030-01-01T00:00:00Z', Date.parse('2030-01-01T00:02:00Z'))).toBe('2 min');
});

test("nobody's control characters reach the terminal", () => {
  expect(visible('a\u001b[2Jb\u009bc\n')).toBe('a\uFFFD[2Jb\uFFFDc\uFFFD');
});
