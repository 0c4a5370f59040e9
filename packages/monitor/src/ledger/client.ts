import type { Directions } from '../snapshot.ts';

/** Finds clients by name: which of them have a series of their own changes while their exchanges are open. */
export interface ClientList {
  find(name: string): Client;
}

/** A client that exchanges add their bytes to. It lasts as long as they do, also when the list has forgotten it. */
export class Client {
  readonly name: string;
  readonly #list: ClientList;
  /** What is exposed: under its own name while it is tracked, else under `_other`. */
  totals: Directions;
  /** Bytes in both directions, fading: the busiest are tracked. */
  recent = 0;
  isListed = true;

  constructor(name: string, totals: Directions, list: ClientList) {
    this.name = name;
    this.totals = totals;
    this.#list = list;
  }

  received(bytes: number): void {
    const client = this.#current();
    client.totals.in += bytes;
    client.recent += bytes;
  }

  sent(bytes: number): void {
    const client = this.#current();
    client.totals.out += bytes;
    client.recent += bytes;
  }

  #current(): Client {
    return this.isListed ? this : this.#list.find(this.name);
  }
}
