import { expect, test } from 'vitest';
import { formatCommandLine, formatShortCommandLine } from '../src/index.ts';

test('a command can be pasted into a shell', () => {
  expect(formatCommandLine('echo', ['a b', "it's", '--x=1', ''])).toBe(`echo 'a b' 'it'\\''s' --x=1 ''`);
});

test('a short command line is the whole one, or its beginning', () => {
  expect(formatShortCommandLine('echo', ['a b'], 10)).toBe("echo 'a b'");
  expect(formatShortCommandLine('echo', ['a b'], 9)).toBe("echo 'a …");
  expect(formatShortCommandLine('x'.repeat(300), [], 200)).toBe(`${'x'.repeat(199)}…`);
  expect(formatShortCommandLine('echo', Array(1000).fill('y'.repeat(32_768)), 200)).toHaveLength(200);
  // No half of a character at the cut.
  expect(formatShortCommandLine('echo', ['🌉'.repeat(200)], 200).isWellFormed()).toBe(true);
  expect(formatShortCommandLine('echo', [`a${'🌉'.repeat(200)}`], 200).isWellFormed()).toBe(true);
});
