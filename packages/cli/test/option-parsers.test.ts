import { expect, test } from 'vitest';
import { collectList, collectPairs, integerBetween, parseBytes, parseMoment } from '../src/options/option-parsers.ts';

test('takes integers within the bounds only', () => {
  const parse = integerBetween(1, 10);
  expect([parse('1'), parse('10')]).toEqual([1, 10]);
  for (const text of ['0', '11', '1.5', '1e1', '', ' 1', '0x1']) {
    expect(() => parse(text), text).toThrow('It must be an integer from 1 to 10.');
  }
});

test('collects repeated options and lists with commas', () => {
  expect(collectList('c', collectList('a, b'))).toEqual(['a', 'b', 'c']);
  expect(() => collectList('a,,b')).toThrow('empty name');
});

test("keeps every '=' of a value", () => {
  expect(collectPairs('B=', collectPairs('A=x=y'))).toEqual({ A: 'x=y', B: '' });
  expect(() => collectPairs('=x')).toThrow('NAME=value');
  expect(() => collectPairs('A')).toThrow('NAME=value');
});

test('gives moments in UTC', () => {
  expect(parseMoment('2030-01-31T09:00:00+01:00')).toBe('2030-01-31T08:00:00.000Z');
  expect(() => parseMoment('tomorrow')).toThrow('It must be a moment');
});

test('takes bytes in decimal units', () => {
  expect(['0', '4096', '256MB', '1.5 GB', '2kB'].map(parseBytes)).toEqual([0, 4096, 256e6, 1.5e9, 2000]);
  for (const text of ['', 'MB', '-1', '1MiB', '1 mb', '1e3', '0.0001kB9']) {
    expect(() => parseBytes(text), text).toThrow('It must be a number of bytes such as 256MB or 10GB.');
  }
});
