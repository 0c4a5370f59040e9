import type { Directions } from '../../snapshot.ts';
import { numbersPerKey, type Point } from './tier.ts';

/** Points added up: those of a minute, or of a window. */
export class PointSum {
  #fromMs: number | undefined;
  #atMs = 0;
  readonly #moved: Directions = { in: 0, out: 0 };
  readonly #own: Directions = { in: 0, out: 0 };
  readonly #lowest: Directions = { in: Number.POSITIVE_INFINITY, out: Number.POSITIVE_INFINITY };
  readonly #highest: Directions = { in: 0, out: 0 };
  readonly #byKey = new Map<number, Directions>();

  add(point: Point): void {
    this.#fromMs ??= point.fromMs;
    this.#atMs = point.atMs;
    for (const way of ['in', 'out'] as const) {
      this.#moved[way] += point.moved[way];
      this.#own[way] += point.own[way];
      this.#lowest[way] = Math.min(this.#lowest[way], point.lowest[way]);
      this.#highest[way] = Math.max(this.#highest[way], point.highest[way]);
    }
    if (point.byKey) this.#addKeys(point.byKey);
  }

  byKey(): ReadonlyMap<number, Directions> {
    return this.#byKey;
  }

  /** The sum so far; undefined while it has no point. */
  toPoint(): Point | undefined {
    if (this.#fromMs === undefined) return undefined;
    const byKey = new Float64Array(this.#byKey.size * numbersPerKey);
    let at = 0;
    for (const [id, moved] of this.#byKey) {
      byKey[at++] = id;
      byKey[at++] = moved.in;
      byKey[at++] = moved.out;
    }
    return {
      fromMs: this.#fromMs,
      atMs: this.#atMs,
      moved: { ...this.#moved },
      own: { ...this.#own },
      lowest: { ...this.#lowest },
      highest: { ...this.#highest },
      byKey,
    };
  }

  #addKeys(byKey: Float64Array): void {
    for (let at = 0; at < byKey.length; at += numbersPerKey) {
      const id = byKey[at] as number;
      const sum = this.#byKey.get(id);
      const [bytesIn, bytesOut] = [byKey[at + 1] as number, byKey[at + 2] as number];
      if (sum) {
        sum.in += bytesIn;
        sum.out += bytesOut;
      } else this.#byKey.set(id, { in: bytesIn, out: bytesOut });
    }
  }
}
