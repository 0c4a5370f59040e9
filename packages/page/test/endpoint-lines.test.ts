import { expect, test } from 'vitest';
import { toEndpointLines } from '../browser/parts/traffic/endpoint-lines.ts';
import { bandwidth } from './support/sample-bandwidth.ts';

const snapshot = bandwidth(0, [
  ['POST /b', 5, 5],
  ['GET /b', 5, 5],
  ['GET /a', 5, 5],
  ['GET /c', 50, 0],
]);
const order = (sort: string, filter?: string) =>
  toEndpointLines(snapshot, undefined, sort, filter).map(({ key }) => key);

test('equal lines stand by name, whichever way the column is sorted', () => {
  expect(order('-share')).toEqual(['GET /c', 'GET /a', 'GET /b', 'POST /b']);
  expect(order('in')).toEqual(['GET /a', 'GET /b', 'POST /b', 'GET /c']);
  expect(order('-name')).toEqual(['GET /c', 'POST /b', 'GET /b', 'GET /a']);
});

test('a column that is not there is the share', () => {
  expect(order('-constructor')).toEqual(order('-share'));
});

test('a filter finds method and path, whatever the case', () => {
  expect(order('name', 'post /B')).toEqual(['POST /b']);
  expect(order('name', ' /b ')).toEqual(['GET /b', 'POST /b']);
  expect(order('name', 'z')).toEqual([]);
});
