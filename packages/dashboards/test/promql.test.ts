import { describe, expect, test } from 'vitest';
import { findLeftSide, interpolate, parsePromql } from '../src/index.ts';

describe('parsePromql', () => {
  test('tells name, matchers, range and functions of every selection', () => {
    const { selections, errors } = parsePromql('sum by (le) (rate(a_bucket{job=~"x|y",b!="c"}[5m])) / max(d)');
    expect(errors).toEqual([]);
    expect(selections).toEqual([
      {
        name: 'a_bucket',
        matchers: [
          { label: 'job', operator: '=~', value: 'x|y' },
          { label: 'b', operator: '!=', value: 'c' },
        ],
        range: '5m',
        within: ['rate', 'sum'],
      },
      { name: 'd', matchers: [], range: '', within: ['max'] },
    ]);
  });

  test('a name may be in a matcher', () => {
    expect(parsePromql('{__name__=~"a|b"}').selections).toMatchObject([
      { name: '', matchers: [{ label: '__name__', operator: '=~', value: 'a|b' }] },
    ]);
  });

  test.each(['sum(', 'a +', 'rate(a[5])m', 'a{b=c}'])('names what is wrong in %j', (query) => {
    expect(parsePromql(query).errors.length).toBeGreaterThan(0);
  });
});

test.each([
  ['a > 1', 'a'],
  ['sum by (job) (a) * 30 > 10', 'sum by (job) (a) * 30'],
  ['(a - b) > 60 and on (job) (max by (job) (c) == 1)', '(a - b)'],
  ['(a or b) == 0', '(a or b)'],
  ['(a > 1)', 'a'],
  ['a or b', 'a or b'],
  ['a', 'a'],
])('of the alert %j the left side is %j', (query, left) => {
  expect(findLeftSide(query)).toBe(left);
});

test('variables are replaced in both ways of writing, unknown ones stay', () => {
  const text = `\${prefix}x{job=~"$job"}[$__rate_interval] $other`;
  expect(interpolate(text, { prefix: 'p_', job: '.+', __rate_interval: '1m' })).toBe('p_x{job=~".+"}[1m] $other');
});
