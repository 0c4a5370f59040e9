import { expect, test } from 'vitest';
import { type Address, formatAddress, parseAddress, withView } from '../browser/state/address.ts';

const overview = parseAddress('');
const full: Address = {
  view: { name: 'endpoint', method: 'GET', endpoint: '/files/:name?&=' },
  span: 'day',
  window: { fromMs: 1000, toMs: 2000 },
  filter: 'a b&c',
  sort: 'in',
  withOwn: true,
  withIdle: true,
  showsAll: true,
};

test('an address comes back from its URL', () => {
  for (const address of [
    overview,
    full,
    { ...overview, view: { name: 'job', job: 'x' } as const },
    { ...overview, view: { name: 'unattributed' } as const },
  ]) {
    expect(parseAddress(new URL(formatAddress(address), 'http://page').search)).toEqual(address);
  }
});

test('the overview is the bare page', () => {
  expect(formatAddress(overview)).toBe('/');
});

test('what a URL can not mean is left out', () => {
  expect(parseAddress('?view=nowhere&span=year&from=5&to=3&endpoint=/a')).toEqual(overview);
  expect(parseAddress('?view=endpoint')).toEqual(overview);
  expect(parseAddress('?from=x&to=y').window).toBeUndefined();
});

test('another view keeps time and window, and drops the filter', () => {
  expect(withView(full, { name: 'overview' })).toMatchObject({
    span: 'day',
    window: full.window,
    filter: '',
    sort: 'in',
  });
});
