import { expect, test } from 'vitest';
import { endpointLines, type Order } from '../browser/page/endpoint-lines.ts';
import { bandwidth } from './figures.ts';

const byShare: Order = { by: 'share', descending: true };

test('a share is of all connection bytes, so the shares leave room for what no endpoint has', () => {
  const [line] = endpointLines(bandwidth(0, [['PUT /blobs/:sha256', 1000, 0]]), undefined, byShare);
  expect(line?.share).toBeCloseTo(1000 / (1000 + 517 + 1024 + 2048 + 96));
});

test('equal lines stand by name, whichever way the column is sorted', () => {
  const snapshot = bandwidth(0, [
    ['POST /b', 5, 5],
    ['GET /b', 5, 5],
    ['GET /a', 5, 5],
    ['GET /c', 50, 0],
  ]);
  const order = (order: Order) => endpointLines(snapshot, undefined, order).map((line) => line.key);
  expect(order(byShare)).toEqual(['GET /c', 'GET /a', 'GET /b', 'POST /b']);
  expect(order({ by: 'in', descending: false })).toEqual(['GET /a', 'GET /b', 'POST /b', 'GET /c']);
  expect(order({ by: 'name', descending: true })).toEqual(['GET /c', 'POST /b', 'GET /b', 'GET /a']);
});

test('nothing moved yet: no share, not NaN', () => {
  const nothing = { connection: { in: 0, out: 0 } };
  expect(endpointLines(bandwidth(0, [['GET /a', 0, 0]], nothing), undefined, byShare)[0]?.share).toBe(0);
});
