import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fillFileName, formatCommandLine, formatShortCommandLine, parseCommandLine } from '../src/command-line.ts';

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

test('a command line is cut into words as a shell cuts it', () => {
  expect(parseCommandLine(` gzip -9 'my file' "it's \\"here\\" \\n" a\\ b'c'"" `)).toEqual([
    'gzip',
    '-9',
    'my file',
    'it\'s "here" \\n',
    'a bc',
  ]);
  expect(parseCommandLine('')).toEqual([]);
  expect(parseCommandLine(`''`)).toEqual(['']);
  expect(() => parseCommandLine(`echo 'a`)).toThrow("a quote (') is not closed");
  expect(() => parseCommandLine('echo "a')).toThrow('a quote (") is not closed');
  expect(() => parseCommandLine('echo \\')).toThrow('a backslash must stand before a character');
});

test('what was made of words is cut into the same words', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), ([command = '', ...args]) => {
      expect(parseCommandLine(formatCommandLine(command, args))).toEqual([command, ...args]);
    }),
  );
});

test.each([
  ['{}', 'a.tar.gz', 'a.tar.gz'],
  ['{.}.mp4', 'a.b.mov', 'a.b.mp4'],
  ['in={} out={.}', 'clip', 'in=clip out=clip'],
  ['{.}', '.hidden', '.hidden'],
  ['{x}', 'a', '{x}'],
])('%s of the file %s is %s', (word, name, filled) => {
  expect(fillFileName(word, name)).toBe(filled);
});
