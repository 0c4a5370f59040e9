import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ClaimingNode,
  planReservations,
  type WideJob,
} from '../../src/store/attempts/reservations/plan-reservations.ts';

const node = (
  name: string,
  slots: number,
  endings: [inSeconds: number, slots: number][] = [],
  queues = ['q'],
): ClaimingNode => ({
  name,
  queues,
  slots,
  endings: endings.map(([inSeconds, ended]) => ({ inSeconds, slots: ended })),
});
const job = (id: string, slots: number, queue = 'q'): WideJob => ({ id, queue, slots, timeoutSeconds: 100 });
const plan = (nodes: ClaimingNode[], jobs: WideJob[]) => {
  const { jobByNode, placed } = planReservations(nodes, jobs);
  return { kept: Object.fromEntries(jobByNode), placed: [...placed] };
};

describe('a job that needs several slots', () => {
  test('gets the node that has room for it soonest, though another has more free', () => {
    const nodes = [
      node('late', 4, [[900, 1]]),
      node('soon', 4, [
        [20, 2],
        [60, 2],
      ]),
      node('small', 3),
      node('elsewhere', 8, [], ['other']),
    ];
    expect(plan(nodes, [job('wide', 4)])).toEqual({ kept: { soon: 'wide' }, placed: ['wide'] });
  });

  test('keeps no slots where it fits now: it is claimed in a moment', () => {
    expect(plan([node('busy', 4, [[10, 4]]), node('idle', 4)], [job('wide', 4)])).toEqual({
      kept: {},
      placed: ['wide'],
    });
  });

  test('has no place while each node keeps its slots for a higher one, or where none is large enough', () => {
    const nodes = [node('a', 4, [[10, 4]]), node('b', 4, [[20, 4]])];
    const jobs = [job('first', 2), job('huge', 9), job('second', 3), job('third', 4)];
    expect(plan(nodes, jobs)).toEqual({ kept: { a: 'first', b: 'second' }, placed: ['first', 'second'] });
  });

  test('counts on the ends of those that are placed before it', () => {
    const jobs = [job('now', 4), job('then', 6)];
    // `then` begins on `b` once `now` has ended there, after 100 s.
    expect(plan([node('a', 8, [[500, 8]]), node('b', 8, [[5, 4]])], jobs)).toEqual({
      kept: { b: 'then' },
      placed: ['now', 'then'],
    });
  });
});

const arbitraryNode = fc.record({
  slots: fc.integer({ min: 1, max: 8 }),
  queues: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
  running: fc.array(
    fc.record({ slots: fc.integer({ min: 1, max: 4 }), inSeconds: fc.integer({ min: -5, max: 500 }) }),
    {
      maxLength: 8,
    },
  ),
});
const arbitraryJob = fc.record({
  queue: fc.constantFrom('a', 'b', 'c'),
  slots: fc.integer({ min: 2, max: 9 }),
  timeoutSeconds: fc.integer({ min: 1, max: 500 }),
});

test('of any nodes and jobs: each node keeps for one job at most, each job has one place, and none is without one that could have it', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryNode, { maxLength: 6 }),
      fc.array(arbitraryJob, { maxLength: 10 }),
      (given, wanted) => {
        const nodes = given.map(({ running, ...one }, index) => {
          const endings = [];
          let used = 0;
          for (const ending of running) {
            if (used + ending.slots > one.slots) continue;
            used += ending.slots;
            endings.push(ending);
          }
          endings.sort((x, y) => x.inSeconds - y.inSeconds);
          return { ...one, name: `n${index}`, endings };
        });
        const jobs = wanted.map((one, index) => ({ ...one, id: `j${index}` }));
        const { jobByNode, placed } = planReservations(nodes, jobs);
        const kept = [...jobByNode.values()];
        expect(new Set(kept).size).toBe(kept.length);
        for (const id of kept) expect(placed.has(id)).toBe(true);
        for (const [name, id] of jobByNode) {
          const { queue = '', slots = 0 } = jobs.find((one) => one.id === id) ?? {};
          const holder = nodes.find((one) => one.name === name);
          expect(holder?.queues).toContain(queue);
          expect(holder?.slots).toBeGreaterThanOrEqual(slots);
        }
        for (const one of jobs) {
          if (placed.has(one.id)) continue;
          const idle = nodes.filter(
            ({ name, queues, slots }) => slots >= one.slots && queues.includes(one.queue) && !jobByNode.has(name),
          );
          expect(idle).toEqual([]);
        }
      },
    ),
  );
});
