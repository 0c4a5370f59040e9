import { expect, test } from 'vitest';
import { Timeline, toPoints, toRate } from '../browser/state/timeline.ts';

const minute = Date.parse('2026-03-01T12:00:00.000Z');

test('rates are by the length of each point', () => {
  const points = [
    [5000, 1000, 300, 20, 0, 0],
    [15_000, 10_000, 500, 0, 0, 0],
  ];
  expect(toPoints({ points }).map(toRate)).toEqual([
    { in: 300, out: 20 },
    { in: 50, out: 0 },
  ]);
});

test('what is no longer known is a gap', () => {
  expect(toPoints({ points: [[5000, 1000, null, null]] }).map(toRate)).toEqual([undefined]);
});

test("the page's own traffic is taken out, from the extremes too", () => {
  const points = [[60_000, 60_000, 6000, 1200, 600, 60, 50, 900, 5, 700]];
  const [whole] = toPoints({ points }, true);
  const [others] = toPoints({ points }, false);
  expect(whole).toMatchObject({ moved: { in: 6000, out: 1200 }, lowest: { in: 50, out: 5 }, highest: { in: 900 } });
  expect(others).toMatchObject({ moved: { in: 5400, out: 1140 }, lowest: { in: 40, out: 4 }, highest: { in: 890 } });
});

test('seconds are kept for fifteen minutes', () => {
  const timeline = new Timeline();
  timeline.fillSeconds(toPoints({ points: [[minute, 1000, 7, 7, 0, 0]] }));
  for (let second = 1; second <= 900; second++) timeline.add(minute + second * 1000, 1000, { in: 1, out: 2 });
  expect(timeline.seconds).toHaveLength(900);
  expect(timeline.seconds[0]?.moved).toEqual({ in: 1, out: 2 });
});

test('minutes go on from the seconds since: each byte once, the last minute as it grows', () => {
  const timeline = new Timeline();
  const remembered = Array.from({ length: 90 }, (_, index) => [minute + (index + 1) * 1000, 1000, 10, 100, 0, 0]);
  timeline.fillSeconds(toPoints({ points: remembered }));
  // The server's second minute was growing when it was asked.
  timeline.fillMinutes(
    toPoints({
      points: [
        [minute + 60_000, 60_000, 600, 6000, 0, 0, 10, 10, 100, 100],
        [minute + 90_000, 30_000, 300, 3000, 0, 0, 10, 10, 100, 100],
      ],
    }),
  );
  for (let second = 91; second <= 125; second++) timeline.add(minute + second * 1000, 1000, { in: second, out: 0 });
  const minutes = timeline.minutes();
  expect(minutes.map(({ atMs }) => (atMs - minute) / 1000)).toEqual([60, 120, 125]);
  const sum = (from: number, to: number) => ((from + to) * (to - from + 1)) / 2;
  expect(minutes.map(({ moved }) => moved?.in)).toEqual([600, 300 + sum(91, 120), sum(121, 125)]);
  expect(minutes[1]).toMatchObject({ lowest: { in: 10, out: 0 }, highest: { in: 120, out: 100 } });
});

test('a minute that a process left unfinished is one of its own', () => {
  const timeline = new Timeline();
  timeline.fillMinutes(toPoints({ points: [[minute + 20_000, 20_000, 70, 7, 0, 0, 0, 9, 0, 1]] }));
  timeline.fillSeconds(toPoints({ points: [[minute + 30_000, 1000, 5, 5, 0, 0]] }));
  timeline.add(minute + 31_000, 1000, { in: 1, out: 1 });
  expect(timeline.minutes().map(({ moved, lengthMs }) => [moved?.in, lengthMs])).toEqual([
    [70, 20_000],
    [6, 2000],
  ]);
});
