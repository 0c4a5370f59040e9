import { expect, test } from 'vitest';
import { describeBalance } from '../browser/parts/traffic/balance.ts';
import { bandwidth } from './support/sample-bandwidth.ts';

test('one byte too many or too few shows, with its sign', () => {
  const books = bandwidth(0, [['PUT /blobs/:sha256', 1000, 20]]);
  expect(describeBalance(books)).toEqual({ balanced: true, text: 'balanced to the byte' });
  const { connection } = books;
  const off = { ...books, connection: { in: connection.in + 1, out: connection.out - 1 } };
  expect(describeBalance(off)).toEqual({ balanced: false, text: 'off by 1 in and -1 out' });
});
