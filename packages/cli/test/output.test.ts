import { afterEach, expect, test, vi } from 'vitest';
import { printTable } from '../src/terminal/output.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function print(rows: string[][], columns?: number): string[] {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  printTable(['JOB', 'COMMAND', 'REASON'], rows, columns);
  return text.trimEnd().split('\n');
}

const long = ['5b34f764', 'ffmpeg -i a-rather-long-name.mov out.mp4', 'no node serves queue gpu'];

test('a table in a pipe is as wide as it needs to be', () => {
  expect(print([long])[1]).toBe('5b34f764  ffmpeg -i a-rather-long-name.mov out.mp4  no node serves queue gpu');
});

test('a table on a terminal fits it: the widest columns are cut first', () => {
  const lines = print([long, ['1', 'ls', '']], 60);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  expect(lines[1]).toBe('5b34f764  ffmpeg -i a-rather-long…  no node serves queue gpu');
  expect(lines[2]).toBe('1         ls');
  expect(print([long], 80)[1]).toBe(long.join('  '));
});

test('a table on a terminal that is too narrow keeps a part of each column', () => {
  expect(print([long], 10)[1]).toBe('5b34f764  ffmpeg …  no node…');
});

test('no control character of others reaches the terminal', () => {
  expect(print([['1', 'a\u001b[2Jb', '']])[1]).toBe('1    a\uFFFD[2Jb');
});
