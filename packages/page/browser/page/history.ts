/** Bytes of all connections as they stood: Unix time in ms, in, out. */
export type HistoryPoint = readonly [atMs: number, bytesIn: number, bytesOut: number];

/** A point of the chart: Unix time in seconds, and bytes per second; `null` where nothing is known. */
export interface RatePoint {
  readonly at: number;
  readonly in: number | null;
  readonly out: number | null;
}

/** Between points further apart the server slept, or was another. */
const longestGapMs = 10_000;

/** What flowed between each point and the one before, oldest first. */
export function ratesOf(points: readonly HistoryPoint[]): RatePoint[] {
  return points.slice(1).map((point, index) => rateBetween(points[index] as HistoryPoint, point));
}

function rateBetween([fromMs, fromIn, fromOut]: HistoryPoint, [atMs, bytesIn, bytesOut]: HistoryPoint): RatePoint {
  const seconds = (atMs - fromMs) / 1000;
  const at = atMs / 1000;
  const known = seconds > 0 && seconds * 1000 <= longestGapMs && bytesIn >= fromIn && bytesOut >= fromOut;
  return known
    ? { at, in: (bytesIn - fromIn) / seconds, out: (bytesOut - fromOut) / seconds }
    : { at, in: null, out: null };
}
