export interface Interval {
  median: number;
  low: number;
  high: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The value below which the part `q` (0 to 1) of the values lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
}

/** Median with its 95 % interval from 2,000 bootstrap samples (percentile method), seeded so that a figure can be had again. */
export function medianInterval(values: readonly number[]): Interval {
  return groupedMedianInterval([values]);
}

/**
 * The same of values that came in groups, such as slices of several launches: groups are drawn first, then values
 * within each, so that what differs from launch to launch (where code and heap come to lie) widens the interval.
 */
export function groupedMedianInterval(groups: readonly (readonly number[])[]): Interval {
  const random = seededRandom();
  const draw = <T>(from: readonly T[]) => from.map(() => from[Math.floor(random() * from.length)] as T);
  const medians = Array.from({ length: 2000 }, () => median(draw(groups).flatMap(draw))).toSorted((a, b) => a - b);
  return { median: median(groups.flat()), low: medians[50] as number, high: medians[1949] as number };
}

/** In random order, each as likely. */
export function shuffle<T>(values: readonly T[], random: () => number): T[] {
  const shuffled = [...values];
  for (let left = shuffled.length; left > 1; left--) {
    const chosen = Math.floor(random() * left);
    [shuffled[left - 1], shuffled[chosen]] = [shuffled[chosen] as T, shuffled[left - 1] as T];
  }
  return shuffled;
}

/** The same numbers from 0 to 1 each time. */
export function seededRandom(): () => number {
  let seed = 42;
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
}
