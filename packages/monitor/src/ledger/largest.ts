/** The largest of many things, a few at a time: nothing else is kept. */
export class Largest<T> {
  readonly #limit: number;
  readonly #kept: { readonly item: T; readonly size: number }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(item: T, size: number): void {
    const kept = this.#kept;
    if (kept.length >= this.#limit && size <= (kept.at(-1)?.size ?? Number.POSITIVE_INFINITY)) return;
    let at = kept.length;
    while (at > 0 && (kept[at - 1]?.size ?? 0) < size) at--;
    kept.splice(at, 0, { item, size });
    if (kept.length > this.#limit) kept.pop();
  }

  /** The largest first. */
  items(): T[] {
    return this.#kept.map(({ item }) => item);
  }
}
