import { expect, test } from 'vitest';
import { Availability } from '../../src/store/supervision/availability.ts';

test('a store has answered since its last long pause, and not at all while one lasts', () => {
  let now = 1000;
  const availability = new Availability(() => now);
  const pass = (seconds: number) => {
    now += seconds;
    availability.note();
    return availability.seconds;
  };
  expect(availability.seconds).toBe(0);
  expect([pass(0), pass(1), pass(5), pass(4)]).toEqual([0, 1, 6, 10]);
  now += 6;
  expect(availability.seconds).toBe(0);
  expect([pass(0), pass(2)]).toEqual([0, 2]);
});
