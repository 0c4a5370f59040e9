/** Jobs per second under each load. */
export interface Rates {
  /** Submitted one by one, 8 in flight. */
  readonly submits: number;
  /** Submitted a thousand at a time, 2 in flight. */
  readonly bulkSubmits: number;
  /** Claimed, at most 20 at a time, and a result sent for each, by 2 workers. */
  readonly results: number;
}

const warmPart = 0.2;

/** Repeats work, so many at once, and gives what it counted per second, without the time to warm up. */
export async function repeatFor(seconds: number, inFlight: number, work: () => Promise<number>): Promise<number> {
  const warmUntil = performance.now() + seconds * warmPart * 1000;
  const until = warmUntil + seconds * 1000;
  let count = 0;
  const repeat = async () => {
    while (performance.now() < until) {
      const done = await work();
      if (performance.now() >= warmUntil) count += done;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, repeat));
  return count / ((performance.now() - warmUntil) / 1000);
}
