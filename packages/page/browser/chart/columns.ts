import type { AlignedData } from 'uplot';
import { type TimePoint, toRate } from '../state/timeline.ts';

/** Time, mean out, mean in, and the extremes of both; in is drawn downwards. */
export function toColumns(points: readonly TimePoint[]): AlignedData {
  const columns: [number[], ...(number | null)[][]] = [[], [], [], [], [], [], []];
  for (const point of points) {
    const rate = toRate(point);
    const { lowest, highest } = point;
    columns[0].push(point.atMs / 1000);
    columns[1]?.push(rate?.out ?? null);
    columns[2]?.push(rate ? -rate.in : null);
    columns[3]?.push(highest?.out ?? null);
    columns[4]?.push(lowest?.out ?? null);
    columns[5]?.push(highest ? -highest.in : null);
    columns[6]?.push(lowest ? -lowest.in : null);
  }
  return columns as AlignedData;
}
