import { expect, test } from 'vitest';
import { type Delta, DeltaReader } from '../../src/aggregate/delta.ts';
import { Sum } from '../../src/aggregate/sum.ts';
import { takeSnapshot } from '../../src/export/take-snapshot.ts';

const maxEndpoints = 3;
const none = { in: 0, out: 0 };

/** What a process tells whose endpoints have received so many bytes. */
function createDelta(bytes: Record<string, number>): Delta {
  return {
    series: Object.entries(bytes).map(([endpoint, received]) => ({ method: 'GET', endpoint, numbers: [received] })),
    unattributed: {},
    tlsOverhead: none,
    overflowed: 0,
    errors: 0,
    connection: { in: Object.values(bytes).reduce((sum, received) => sum + received, 0), out: 0 },
    exact: true,
    open: { pending: none, exchanges: 0, connections: 0, transfers: [], inFlight: [] },
  };
}

const receivedBy = (sum: Sum) =>
  Object.fromEntries(takeSnapshot(sum).endpoints.map(({ endpoint, requestBytes }) => [endpoint, requestBytes]));

test('a sum gives places by traffic, and its replica has the same series', () => {
  const idle = new Sum('x_', maxEndpoints);
  const sum = new Sum('x_', maxEndpoints, { source: idle, deltas: new DeltaReader(idle) });
  const replica = new Sum('x_', maxEndpoints);
  const deltas = new DeltaReader(sum);
  const member = {};
  const tell = (bytes: Record<string, number>) => {
    sum.add(member, createDelta(bytes));
    replica.add(sum, deltas.next());
  };

  tell({ '/listed': 0, '/other': 0 });
  expect(receivedBy(sum)).toEqual({ '/listed': 0 });
  tell({ '/a': 1, '/b': 1, '/bill': 100 });
  expect(receivedBy(sum)).toEqual({ '/listed': 0, '/a': 1, '/b': 1, _other: 100 });
  sum.promoteBusiest();
  tell({ '/bill': 50 });
  expect(receivedBy(sum)).toEqual({ '/a': 1, '/b': 1, '/bill': 50, _other: 100 });
  expect(receivedBy(replica)).toEqual(receivedBy(sum));
  expect(takeSnapshot(sum).balanced).toBe(true);

  // The replica goes on where the sum ends, with the same places.
  const next = new Sum('x_', maxEndpoints, { source: idle, deltas: new DeltaReader(idle) });
  next.load(new DeltaReader(replica).next());
  expect(receivedBy(next)).toEqual(receivedBy(sum));
});

test('what is under way in several processes is one list, and a process that leaves takes its part with it', () => {
  const sum = new Sum('x_', maxEndpoints);
  const [one, two] = [{}, {}];
  const transfer = (id: string, out: number) => ({ id, method: 'GET', endpoint: '/a', in: 0, out });
  const open = { pending: none, exchanges: 2, connections: 2 };
  const inFlight = [{ method: 'GET', endpoint: '/a', count: 2 }];
  sum.add(one, { ...createDelta({}), open: { ...open, transfers: [transfer('1', 9), transfer('2', 1)], inFlight } });
  sum.add(two, { ...createDelta({}), open: { ...open, transfers: [transfer('3', 5)], inFlight } });
  expect(sum.open(2).transfers.map(({ id }) => id)).toEqual(['1', '3']);
  expect(sum.open(0).inFlight).toEqual([{ method: 'GET', endpoint: '/a', count: 4 }]);
  sum.leave(one);
  expect(sum.open(5)).toEqual({ transfers: [transfer('3', 5)], inFlight });
});
