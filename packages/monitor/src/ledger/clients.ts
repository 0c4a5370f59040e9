import type { Directions } from '../snapshot.ts';
import { Client, type ClientList } from './client.ts';
import { other } from './endpoint-table.ts';
import { takeOffMedian } from './recent-bytes.ts';

/** Names that may ever be exposed, for each tracked client: what a name has counted stays under it for good. */
const namesPerTracked = 4;
/** Untracked clients whose recent bytes are remembered, for each tracked one, and at least. */
const candidatesPerTracked = 4;
const leastCandidates = 1000;
/** A candidate must have moved this many times what the least busy tracked client has: names are not spent on a draw. */
const lead = 2;
/** What each round leaves of a client's recent bytes. */
const fading = 0.9;
/** Longer names are `_other`. */
const maxNameLength = 200;

/**
 * Bytes by client, bounded. `maxTracked` clients count under their own name, all others under `_other`; each round
 * promotes those with the most recent bytes. A client that is demoted keeps what stands under its name and goes on
 * under `_other`, so no counter goes down, nothing moves between names, and their sum is exact.
 */
export class Clients implements ClientList {
  readonly #maxTracked: number;
  readonly #named = new Map<string, Directions>();
  readonly #other: Client = new Client(other, { in: 0, out: 0 }, this);
  readonly #listed = new Map<string, Client>();
  readonly #tracked = new Set<Client>();
  /** A busy client could not be promoted because too many names are exposed already. */
  namesUsedUp = false;

  constructor(maxTracked: number) {
    this.#maxTracked = maxTracked;
  }

  /** Names that can ever be exposed, `_other` included. */
  get maxNames(): number {
    return this.#maxTracked * namesPerTracked + 1;
  }

  /** Every name that was ever exposed. `_other` is there as soon as no place is free: before anything counts there. */
  *exposed(): Iterable<[name: string, totals: Directions]> {
    yield* this.#named;
    if (this.#tracked.size >= this.#maxTracked || this.#other.recent > 0) yield [other, this.#other.totals];
  }

  find(name: string): Client {
    const known = this.#listed.get(name);
    if (known) return known;
    return name === other || name.length > maxNameLength ? this.#other : this.#list(name);
  }

  /** Promotes the busiest clients in place of less busy ones. Meant for every ten seconds or so. */
  promoteBusiest(): void {
    const tracked = [...this.#tracked].sort((a, b) => a.recent - b.recent);
    const candidates = this.#candidates().sort((a, b) => b.recent - a.recent);
    for (const candidate of candidates) {
      const weakest = tracked[0];
      if (!weakest || candidate.recent <= weakest.recent * lead) break;
      if (!this.#mayExpose(candidate.name)) continue;
      tracked.shift();
      this.#demote(weakest);
      this.#promote(candidate);
    }
    for (const client of this.#listed.values()) client.recent *= fading;
  }

  #list(name: string): Client {
    const client = new Client(name, this.#other.totals, this);
    const hasPlace = this.#tracked.size < this.#maxTracked && this.#mayExpose(name);
    if (!hasPlace) this.#makeRoom();
    this.#listed.set(name, client);
    if (hasPlace) this.#promote(client);
    return client;
  }

  #mayExpose(name: string): boolean {
    if (this.#named.has(name) || this.#named.size < this.#maxTracked * namesPerTracked) return true;
    this.namesUsedUp = true;
    return false;
  }

  #promote(client: Client): void {
    this.#tracked.add(client);
    client.totals = this.#named.get(client.name) ?? { in: 0, out: 0 };
    this.#named.set(client.name, client.totals);
  }

  #demote(client: Client): void {
    this.#tracked.delete(client);
    client.totals = this.#other.totals;
  }

  #candidates(): Client[] {
    return [...this.#listed.values()].filter((client) => !this.#tracked.has(client));
  }

  /**
   * Forgets the less busy half of the candidates, once there are too many. The median is taken from all, so that a
   * client stays if its share of what candidates moved is above two in their number, however many names come by.
   */
  #makeRoom(): void {
    const most = Math.max(leastCandidates, this.#maxTracked * candidatesPerTracked);
    if (this.#listed.size - this.#tracked.size < most) return;
    const candidates = this.#candidates();
    takeOffMedian(candidates);
    for (const client of candidates) {
      if (client.recent > 0) continue;
      client.isListed = false;
      this.#listed.delete(client.name);
    }
  }
}
