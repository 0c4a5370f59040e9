import { bucketOf, sizeBounds } from './histogram.ts';

/** Doubles of one cell: bytes, the histogram's sum, then its buckets (not cumulative). */
const width = 2 + sizeBounds.length + 1;

/**
 * Counter and histogram of many series in one flat array. A series' cell is found once and then is an integer;
 * growing doubles the array, so adding to a cell allocates nothing.
 */
export class Cells {
  #values = new Float64Array(width * 64);
  #count = 0;

  add(): number {
    const cell = this.#count++;
    if (this.#count * width > this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    return cell * width;
  }

  addBytes(cell: number, bytes: number): void {
    (this.#values[cell] as number) += bytes;
  }

  /** Takes one ended exchange into the histogram. */
  observe(cell: number, bytes: number): void {
    const values = this.#values;
    (values[cell + 1] as number) += bytes;
    (values[cell + 2 + bucketOf(bytes)] as number) += 1;
  }

  /** Adds another's numbers: bytes, the histogram's sum, its buckets. */
  merge(cell: number, numbers: readonly number[]): void {
    for (let index = 0; index < width; index++) (this.#values[cell + index] as number) += numbers[index] ?? 0;
  }

  bytes(cell: number): number {
    return this.#values[cell] as number;
  }

  sum(cell: number): number {
    return this.#values[cell + 1] as number;
  }

  bucket(cell: number, index: number): number {
    return this.#values[cell + 2 + index] as number;
  }

  /** Exchanges observed. */
  observed(cell: number): number {
    let total = 0;
    for (let index = 0; index <= sizeBounds.length; index++) total += this.bucket(cell, index);
    return total;
  }
}
