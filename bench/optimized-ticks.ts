/** So many calls are enough for V8 to optimize what they run; they take some tens of milliseconds. */
const calls = 200_000;

/**
 * Calls `process.nextTick` until V8 has optimized it. Until then a collection of all garbage while none of its objects
 * lives makes V8 forget their shapes, and from then on each call takes several times as long, for the life of the
 * process. Whether a process meets one is chance; of servers that are compared none must. Here one object lives at
 * any time, since each call is made while the one before runs; they pass 0 to 3 values, as Node's own do.
 */
export function optimizeTicks(): Promise<void> {
  return new Promise((resolve) => {
    let left = calls;
    const next = (...values: number[]) => {
      if (--left === 0) resolve();
      else if (values.length === 3) process.nextTick(next);
      else process.nextTick(next, ...values, left);
    };
    process.nextTick(next);
  });
}
