import type { Directions } from '../../snapshot.ts';

/** What moved in one stretch of time. */
export interface Point {
  readonly fromMs: number;
  readonly atMs: number;
  /** Bytes of all connections. */
  readonly moved: Directions;
  /** Of them, those of the listener's own endpoints. */
  readonly own: Directions;
  /** The lowest and the highest rate of a second in it, in bytes per second. */
  readonly lowest: Directions;
  readonly highest: Directions;
  /** What moved by key: key, in, out, key, in, out, …; undefined once it had to make room. */
  byKey: Float64Array | undefined;
}

/** Numbers of one key in {@link Point.byKey}. */
export const numbersPerKey = 3;

/**
 * The latest points, oldest first. There are at most `maxPoints`, and together they hold at most `maxKeys` keys: past
 * that the oldest lose what moved by key, and keep their totals.
 */
export class Tier {
  readonly #maxPoints: number;
  readonly #maxKeys: number;
  readonly #points: Point[] = [];
  #keys = 0;
  /** Points from here on have their keys. */
  #firstWithKeys = 0;

  constructor(maxPoints: number, maxKeys: number) {
    this.#maxPoints = maxPoints;
    this.#maxKeys = maxKeys;
  }

  get points(): readonly Point[] {
    return this.#points;
  }

  add(point: Point): void {
    this.#points.push(point);
    this.#keys += countKeys(point);
    while (this.#keys > this.#maxKeys && this.#firstWithKeys < this.#points.length) this.#dropKeys();
    while (this.#points.length > this.#maxPoints) this.#dropPoint();
  }

  clear(): void {
    this.#points.length = 0;
    this.#keys = 0;
    this.#firstWithKeys = 0;
  }

  #dropKeys(): void {
    const point = this.#points[this.#firstWithKeys++] as Point;
    this.#keys -= countKeys(point);
    point.byKey = undefined;
  }

  #dropPoint(): void {
    if (this.#firstWithKeys === 0) this.#dropKeys();
    this.#points.shift();
    this.#firstWithKeys--;
  }
}

function countKeys({ byKey }: Point): number {
  return (byKey?.length ?? 0) / numbersPerKey;
}
