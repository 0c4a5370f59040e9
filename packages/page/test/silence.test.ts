import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Silence } from '../browser/page/silence.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a stream that still says something is not dead, one that says nothing is', () => {
  const silence = new Silence(1000);
  for (let i = 0; i < 5; i++) {
    vi.advanceTimersByTime(999);
    silence.heard();
  }
  expect(silence.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1000);
  expect(silence.signal.aborted).toBe(true);
});

test('leaves no timer behind', () => {
  new Silence(1000).stop();
  expect(vi.getTimerCount()).toBe(0);
});
