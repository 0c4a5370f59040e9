import type { BandwidthHistory } from '@weighbridge/protocol';

export interface Directions {
  readonly in: number;
  readonly out: number;
}

/** A point of a chart: what moved, and its rate in bytes per second with the extremes within; null where that is not known. */
export interface TimePoint {
  readonly atMs: number;
  readonly lengthMs: number;
  readonly moved: Directions | undefined;
  readonly lowest: Directions | undefined;
  readonly highest: Directions | undefined;
}

const keptSeconds = 900;
const keptMinutes = 1440;
const minuteMs = 60_000;

/** The points of a history; `withOwn` is false where the page's own traffic is taken out. */
export function toPoints({ points }: Pick<BandwidthHistory, 'points'>, withOwn = true): TimePoint[] {
  return points.map((numbers) => toPoint(numbers, withOwn));
}

function toPoint(numbers: readonly (number | null)[], withOwn: boolean): TimePoint {
  const [atMs, lengthMs, bytesIn, bytesOut, ownIn, ownOut, lowestIn, highestIn, lowestOut, highestOut] = numbers;
  const length = lengthMs ?? 0;
  if (typeof bytesIn !== 'number' || typeof bytesOut !== 'number')
    return { atMs: atMs ?? 0, lengthMs: length, moved: undefined, lowest: undefined, highest: undefined };
  const own = withOwn ? { in: 0, out: 0 } : { in: ownIn ?? 0, out: ownOut ?? 0 };
  const moved = { in: bytesIn - own.in, out: bytesOut - own.out };
  const rate = perSecond(moved, length);
  // Of the page's own traffic only the mean of a minute is known.
  const ownRate = perSecond(own, length);
  const extreme = (inwards: number | null | undefined, outwards: number | null | undefined) =>
    typeof inwards === 'number' && typeof outwards === 'number'
      ? { in: Math.max(0, inwards - ownRate.in), out: Math.max(0, outwards - ownRate.out) }
      : rate;
  return {
    atMs: atMs ?? 0,
    lengthMs: length,
    moved,
    lowest: minimum(extreme(lowestIn, lowestOut), rate),
    highest: maximum(extreme(highestIn, highestOut), rate),
  };
}

/** A point's mean rate in bytes per second. */
export function toRate({ moved, lengthMs }: TimePoint): Directions | undefined {
  return moved && perSecond(moved, lengthMs);
}

export function perSecond(moved: Directions, ms: number): Directions {
  return ms > 0 ? { in: (moved.in / ms) * 1000, out: (moved.out / ms) * 1000 } : { in: 0, out: 0 };
}

/** What the server remembers, and each second since: the last quarter of an hour, or the last day. */
export class Timeline {
  #seconds: TimePoint[] = [];
  #minutes: TimePoint[] = [];

  /** The last fifteen minutes, a point a second. */
  get seconds(): readonly TimePoint[] {
    return this.#seconds;
  }

  /** What the server remembers of the last minutes takes the place of what was here. */
  fillSeconds(points: readonly TimePoint[]): void {
    this.#seconds = [...points];
  }

  /** The same of the last day, whose seconds since are added up here. */
  fillMinutes(points: readonly TimePoint[]): void {
    this.#minutes = [...points];
  }

  /** What moved in the second that is over. */
  add(atMs: number, lengthMs: number, moved: Directions): void {
    const rate = perSecond(moved, lengthMs);
    this.#seconds.push({ atMs, lengthMs, moved, lowest: rate, highest: rate });
    if (this.#seconds.length > keptSeconds) this.#seconds.shift();
  }

  /** The last day, a point a minute, and what there is of the minute that has begun. */
  minutes(): TimePoint[] {
    const last = this.#minutes.at(-1);
    const since = this.#seconds.filter(({ atMs }) => atMs > (last?.atMs ?? 0));
    // The server's last minute may have been growing: the seconds since go on with it.
    const grown = groupByMinute(last ? [last, ...since] : since);
    return [...this.#minutes.slice(0, -1), ...grown].slice(-keptMinutes);
  }
}

/** Points added up by the minute of the clock; a gap between them ends a minute too. */
function groupByMinute(points: readonly TimePoint[]): TimePoint[] {
  const minutes: TimePoint[] = [];
  let group: TimePoint[] = [];
  for (const [index, point] of points.entries()) {
    group.push(point);
    const next = points[index + 1];
    if (next && !isEndOfMinute(point) && next.atMs - next.lengthMs <= point.atMs) continue;
    minutes.push(joinPoints(group));
    group = [];
  }
  return minutes;
}

function isEndOfMinute({ atMs, lengthMs }: TimePoint): boolean {
  return Math.floor(atMs / minuteMs) !== Math.floor((atMs - lengthMs) / minuteMs);
}

function joinPoints(points: readonly TimePoint[]): TimePoint {
  return {
    atMs: points.at(-1)?.atMs ?? 0,
    lengthMs: points.reduce((sum, { lengthMs }) => sum + lengthMs, 0),
    moved: points.map(({ moved }) => moved).reduce(plus),
    lowest: points.map(({ lowest }) => lowest).reduce(minimum),
    highest: points.map(({ highest }) => highest).reduce(maximum),
  };
}

type Known = Directions | undefined;

function plus(a: Known, b: Known): Known {
  return a && b ? { in: a.in + b.in, out: a.out + b.out } : (a ?? b);
}

function minimum(a: Known, b: Known): Known {
  return a && b ? { in: Math.min(a.in, b.in), out: Math.min(a.out, b.out) } : (a ?? b);
}

function maximum(a: Known, b: Known): Known {
  return a && b ? { in: Math.max(a.in, b.in), out: Math.max(a.out, b.out) } : (a ?? b);
}
