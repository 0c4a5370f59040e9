import type { Directions } from '../snapshot.ts';

/** Fifteen minutes, a point each second. */
const kept = 900;

/** Connection bytes over the last fifteen minutes: 900 points, whatever happens. */
export class History {
  readonly #points = new Float64Array(kept * 3);
  #count = 0;

  add(atMs: number, { in: bytesIn, out: bytesOut }: Directions): void {
    this.#points.set([atMs, bytesIn, bytesOut], (this.#count++ % kept) * 3);
  }

  /** Oldest first: `[Unix time in ms, bytes in, bytes out]`, as they stood then. */
  points(): [atMs: number, bytesIn: number, bytesOut: number][] {
    const first = Math.max(0, this.#count - kept);
    return Array.from({ length: this.#count - first }, (_, index) => {
      const at = ((first + index) % kept) * 3;
      const [atMs = 0, bytesIn = 0, bytesOut = 0] = this.#points.subarray(at, at + 3);
      return [atMs, bytesIn, bytesOut];
    });
  }
}
