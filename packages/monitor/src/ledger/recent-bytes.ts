/** Something whose recent bytes are compared with others'. */
export interface Recent {
  recent: number;
}

/** Names at most; what is forgotten first has moved least. */
const maxNames = 1000;

/**
 * Recent bytes by name, of those that have no series of their own. However many names come by, a name stays if its
 * share of what all moved is above two in their number (Misra and Gries, "Finding repeated elements", with many taken
 * off at a time).
 */
export class RecentBytes {
  readonly #byName = new Map<string, Recent>();

  add(name: string, bytes: number): void {
    const known = this.#byName.get(name);
    if (known) {
      known.recent += bytes;
      return;
    }
    if (this.#byName.size >= maxNames) this.#makeRoom();
    this.#byName.set(name, { recent: bytes });
  }

  /** The busiest first. */
  byBytes(): [name: string, recent: number][] {
    return [...this.#byName]
      .map(([name, { recent }]) => [name, recent] as [string, number])
      .sort((a, b) => b[1] - a[1]);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }

  /** Leaves so much of each. */
  fade(part: number): void {
    for (const entry of this.#byName.values()) entry.recent *= part;
  }

  #makeRoom(): void {
    takeOffMedian([...this.#byName.values()]);
    for (const [name, { recent }] of this.#byName) if (recent <= 0) this.#byName.delete(name);
  }
}

/** Takes the median off all: at least half have nothing left. */
export function takeOffMedian(all: Recent[]): void {
  const sorted = all.toSorted((a, b) => a.recent - b.recent);
  const median = sorted[sorted.length >> 1]?.recent ?? 0;
  for (const each of sorted) each.recent -= median;
}
