import { Client, type ClientCell, type ClientList } from './client.ts';
import { other } from './rows.ts';

/** Names that may ever be exposed, for each seat: what a name has counted stays under it for good. */
const namesPerSeat = 4;
/** Clients without a seat whose recent bytes are remembered, for each seat, and at least. */
const candidatesPerSeat = 4;
const leastCandidates = 1000;
/** A challenger must have moved this many times what the weakest holder of a seat has: names are not spent on a draw. */
const lead = 2;
/** What an election leaves of a client's recent bytes. */
const fading = 0.9;
/** Longer names are `_other`. */
const maxNameLength = 200;

/**
 * Bytes by client, bounded. `seats` clients count under their own name, all others under `_other`; each election
 * gives seats to those with the most recent bytes. A client that loses its seat keeps what stands under its name
 * and goes on under `_other`, so no counter goes down, nothing moves between names, and their sum is exact.
 */
export class Clients implements ClientList {
  readonly #seats: number;
  readonly #cells = new Map<string, ClientCell>();
  readonly #other: Client = new Client(other, { in: 0, out: 0 }, this);
  readonly #listed = new Map<string, Client>();
  readonly #seated = new Set<Client>();
  /** A client with many bytes got no seat because too many names are exposed already. */
  namesUsedUp = false;

  constructor(seats: number) {
    this.#seats = seats;
  }

  /** Names that can ever be exposed, `_other` included. */
  get maxNames(): number {
    return this.#seats * namesPerSeat + 1;
  }

  /** Every name that was ever exposed. `_other` is there as soon as no seat is free: before anything counts there. */
  *exposed(): Iterable<[name: string, cell: ClientCell]> {
    yield* this.#cells;
    if (this.#seated.size >= this.#seats || this.#other.recent > 0) yield [other, this.#other.cell];
  }

  find(name: string): Client {
    const known = this.#listed.get(name);
    if (known) return known;
    return name === other || name.length > maxNameLength ? this.#other : this.#list(name);
  }

  /** Gives seats to the busiest. Meant for every ten seconds or so. */
  elect(): void {
    const holders = [...this.#seated].sort((a, b) => a.recent - b.recent);
    const challengers = this.#candidates().sort((a, b) => b.recent - a.recent);
    for (const challenger of challengers) {
      const holder = holders[0];
      if (!holder || challenger.recent <= holder.recent * lead) break;
      if (!this.#mayExpose(challenger.name)) continue;
      holders.shift();
      this.#unseat(holder);
      this.#seat(challenger);
    }
    for (const client of this.#listed.values()) client.recent *= fading;
  }

  #list(name: string): Client {
    const client = new Client(name, this.#other.cell, this);
    const free = this.#seated.size < this.#seats && this.#mayExpose(name);
    if (!free) this.#makeRoom();
    this.#listed.set(name, client);
    if (free) this.#seat(client);
    return client;
  }

  #mayExpose(name: string): boolean {
    if (this.#cells.has(name) || this.#cells.size < this.#seats * namesPerSeat) return true;
    this.namesUsedUp = true;
    return false;
  }

  #seat(client: Client): void {
    this.#seated.add(client);
    client.cell = this.#cells.get(client.name) ?? { in: 0, out: 0 };
    this.#cells.set(client.name, client.cell);
  }

  #unseat(client: Client): void {
    this.#seated.delete(client);
    client.cell = this.#other.cell;
  }

  #candidates(): Client[] {
    return [...this.#listed.values()].filter((client) => !this.#seated.has(client));
  }

  /**
   * Forgets the smaller half of the candidates, once there are too many. The median is taken from all, so that a
   * client stays if its share of what candidates moved is above two in their number, however many names come by
   * (Misra and Gries, "Finding repeated elements", with many taken off at a time).
   */
  #makeRoom(): void {
    const most = Math.max(leastCandidates, this.#seats * candidatesPerSeat);
    if (this.#listed.size - this.#seated.size < most) return;
    const candidates = this.#candidates().sort((a, b) => a.recent - b.recent);
    const median = candidates[candidates.length >> 1]?.recent ?? 0;
    for (const client of candidates) {
      client.recent -= median;
      if (client.recent > 0) continue;
      client.listed = false;
      this.#listed.delete(client.name);
    }
  }
}
