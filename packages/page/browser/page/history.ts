import type { BandwidthHistory } from '@weighbridge/protocol';

/** A point of the chart: Unix time in seconds, and bytes per second; `null` where nothing is known. */
export interface RatePoint {
  readonly at: number;
  readonly in: number | null;
  readonly out: number | null;
}

/** The rates of a history's points. */
export function toRates({ points }: Pick<BandwidthHistory, 'points'>): RatePoint[] {
  return points.map(([atMs, lengthMs, bytesIn, bytesOut]) => ({
    at: (atMs ?? 0) / 1000,
    in: perSecond(bytesIn, lengthMs),
    out: perSecond(bytesOut, lengthMs),
  }));
}

function perSecond(bytes: number | null | undefined, ms: number | null | undefined): number | null {
  return typeof bytes === 'number' && typeof ms === 'number' ? (bytes / ms) * 1000 : null;
}
