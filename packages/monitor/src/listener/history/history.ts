import type { BandwidthSnapshot, Directions } from '../../snapshot.ts';
import { Keys, type NamedKey } from './keys.ts';
import { PointSum } from './point-sum.ts';
import { numbersPerKey, type Point, Tier } from './tier.ts';

/** Fifteen minutes by the second, a day by the minute. */
const maxSeconds = 900;
const maxMinutes = 1440;
/** Keys in all points of a tier, 24 bytes each: 4.8 MB. 200 endpoints that move bytes each second fill it. */
const maxKeys = 200_000;
/** Starts that are marked. */
const maxStarts = 100;
/** A clock that goes back by more than this was set: what is older is forgotten. */
const setBackMs = 5000;
const minuteMs = 60_000;

export type Resolution = 'second' | 'minute';

export interface HistoryOptions {
  /** Endpoints of the listener itself, where its server is monitored: their bytes are told apart. */
  readonly isOwn?: (endpoint: string) => boolean;
  /** When this process started, Unix time in ms. */
  readonly startedMs: number;
}

/** One minute, to keep over a restart. */
export interface KeptMinute extends Omit<Point, 'byKey'> {
  /** When the process started that counted it. */
  readonly startedMs: number;
  readonly byKey: readonly (NamedKey & Directions)[];
}

/** What moved between two moments. The moments are those of the nearest points. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
  readonly resolution: Resolution;
  readonly moved: Directions;
  readonly own: Directions;
  readonly byKey: (NamedKey & Directions)[];
  /** From here on `byKey` is complete: past its bound the history forgets the oldest. */
  readonly byKeyFromMs: number;
}

/**
 * What moved over the last day: in total, by endpoint, by client, and unattributed by reason. It is bounded: 900 points
 * of a second and 1440 of a minute, whose keys take at most 9.6 MB. A quiet service takes far less: only what moved is
 * kept.
 */
export class History {
  readonly #options: HistoryOptions;
  readonly #keys = new Keys();
  readonly #seconds = new Tier(maxSeconds, maxKeys);
  readonly #minutes = new Tier(maxMinutes, maxKeys);
  readonly #starts: number[] = [];
  #minute = new PointSum();
  #restored = 0;
  #last: { atMs: number; connection: Directions } | undefined;
  #minuteListener: ((minute: KeptMinute) => void) | undefined;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#starts.push(options.startedMs);
  }

  /** When processes of this service started, Unix time in ms: gaps and counters at zero are explained by it. */
  get starts(): readonly number[] {
    return this.#starts;
  }

  /** How often minutes were put in front. */
  get restored(): number {
    return this.#restored;
  }

  /** Calls `listener` with each full minute. */
  onMinute(listener: (minute: KeptMinute) => void): void {
    this.#minuteListener = listener;
  }

  /** Takes a sample: what moved since the one before becomes a point. Meant for each second. */
  add(snapshot: BandwidthSnapshot): void {
    const atMs = Date.parse(snapshot.at);
    const last = this.#last;
    const byKey = this.#keys.readMoved(snapshot);
    if (last && atMs < last.atMs - setBackMs) this.#forget();
    this.#last = { atMs, connection: { ...snapshot.connection } };
    if (!last || atMs <= last.atMs) return;
    const moved = minus(snapshot.connection, last.connection);
    const rate = perSecond(moved, atMs - last.atMs);
    const own = this.#sumOwn(byKey);
    const point: Point = { fromMs: last.atMs, atMs, moved, own, lowest: rate, highest: rate, byKey };
    this.#seconds.add(point);
    this.#minute.add(point);
    if (isNextMinute(last.atMs, atMs)) this.#endMinute();
  }

  /** The latest points, oldest first; of minutes the last one may still grow. */
  points(resolution: Resolution): readonly Point[] {
    if (resolution === 'second') return this.#seconds.points;
    const growing = this.#minute.toPoint();
    return growing ? [...this.#minutes.points, growing] : this.#minutes.points;
  }

  /** What one endpoint, client or reason moved in a point; undefined where that is forgotten. */
  movedBy(key: NamedKey, { byKey }: Point): Directions | undefined {
    if (!byKey) return undefined;
    const id = this.#keys.find(key);
    for (let at = 0; at < byKey.length; at += numbersPerKey) {
      if (byKey[at] === id) return { in: byKey[at + 1] as number, out: byKey[at + 2] as number };
    }
    return { in: 0, out: 0 };
  }

  /** What moved after `fromMs` and until `toMs`: by the second where seconds reach back so far. */
  window(fromMs: number, toMs: number): Window {
    const [oldest] = this.#seconds.points;
    const resolution = oldest && oldest.fromMs <= fromMs ? 'second' : 'minute';
    const points = this.points(resolution).filter((point) => isWithin(point, fromMs, toMs));
    const complete = points.filter((point) => point.byKey);
    return {
      fromMs: points[0]?.fromMs ?? fromMs,
      toMs: points.at(-1)?.atMs ?? toMs,
      resolution,
      moved: sum(points.map(({ moved }) => moved)),
      own: sum(points.map(({ own }) => own)),
      byKey: this.#sumByKey(complete),
      byKeyFromMs: complete[0]?.fromMs ?? toMs,
    };
  }

  /** The minute that grows, as it stands: what a process that ends would lose. */
  unfinished(): KeptMinute | undefined {
    const point = this.#minute.toPoint();
    return point && this.#toKept(point);
  }

  /** Puts minutes of processes before this one in front. */
  restore(kept: readonly KeptMinute[]): void {
    this.#restored++;
    const first = this.points('minute')[0]?.fromMs ?? Number.POSITIVE_INFINITY;
    const before = kept.filter(({ atMs }) => atMs <= first).sort((a, b) => a.atMs - b.atMs);
    const own = [...this.#minutes.points];
    this.#minutes.clear();
    for (const { startedMs: _, ...minute } of before) {
      const byKey = minute.byKey.flatMap((key) => [this.#keys.findOrAdd(key), key.in, key.out]);
      this.#minutes.add({ ...minute, byKey: Float64Array.from(byKey) });
    }
    for (const point of own) this.#minutes.add(point);
    const starts = [...new Set([...before.map(({ startedMs }) => startedMs), ...this.#starts])].sort((a, b) => a - b);
    this.#starts.splice(0, this.#starts.length, ...starts.slice(-maxStarts));
  }

  #endMinute(): void {
    const point = this.#minute.toPoint();
    if (!point) return;
    this.#minute = new PointSum();
    this.#minutes.add(point);
    this.#minuteListener?.(this.#toKept(point));
  }

  #forget(): void {
    this.#seconds.clear();
    this.#minutes.clear();
    this.#minute = new PointSum();
    this.#last = undefined;
  }

  #toKept(point: Point): KeptMinute {
    return { ...point, startedMs: this.#options.startedMs, byKey: this.#sumByKey([point]) };
  }

  #sumByKey(points: readonly Point[]): (NamedKey & Directions)[] {
    const sums = new PointSum();
    for (const point of points) sums.add(point);
    return [...sums.byKey()].map(([id, moved]) => ({ ...this.#keys.get(id), ...moved }));
  }

  #sumOwn(byKey: Float64Array): Directions {
    const own = { in: 0, out: 0 };
    const { isOwn } = this.#options;
    if (!isOwn) return own;
    for (let at = 0; at < byKey.length; at += numbersPerKey) {
      const key = this.#keys.get(byKey[at] as number);
      if (key.kind !== 'endpoint' || !isOwn(key.endpoint)) continue;
      own.in += byKey[at + 1] as number;
      own.out += byKey[at + 2] as number;
    }
    return own;
  }
}

/** Minutes end where the clock's do. */
function isNextMinute(fromMs: number, atMs: number): boolean {
  return Math.floor(atMs / minuteMs) > Math.floor(fromMs / minuteMs);
}

/** A point belongs to the window that holds its middle: of two windows that meet, each point is in one. */
function isWithin(point: Point, fromMs: number, toMs: number): boolean {
  const middleMs = (point.fromMs + point.atMs) / 2;
  return middleMs > fromMs && middleMs <= toMs;
}

function sum(all: readonly Directions[]): Directions {
  const total = { in: 0, out: 0 };
  for (const one of all) {
    total.in += one.in;
    total.out += one.out;
  }
  return total;
}

/** Never below zero: a sum that another process took over may lack its last second. */
function minus(now: Directions, before: Directions): Directions {
  return { in: Math.max(0, now.in - before.in), out: Math.max(0, now.out - before.out) };
}

function perSecond(moved: Directions, ms: number): Directions {
  return { in: (moved.in / ms) * 1000, out: (moved.out / ms) * 1000 };
}
