/** What is exposed under one client's name, or under `_other`. */
export interface ClientCell {
  in: number;
  out: number;
}

/** Where a client's bytes go, asked anew with every byte: elections change it while its exchanges are open. */
export interface ClientList {
  /** The client that is listed under this name now. */
  find(name: string): Client;
}

/** A client that exchanges give their bytes to. Lasts as long as they do, also when it is listed no more. */
export class Client {
  readonly name: string;
  readonly #list: ClientList;
  /** Its own while it has a seat, else the one of all others. */
  cell: ClientCell;
  /** Bytes in both directions, fading: what elections compare. */
  recent = 0;
  listed = true;

  constructor(name: string, cell: ClientCell, list: ClientList) {
    this.name = name;
    this.cell = cell;
    this.#list = list;
  }

  received(bytes: number): void {
    const client = this.#current();
    client.cell.in += bytes;
    client.recent += bytes;
  }

  sent(bytes: number): void {
    const client = this.#current();
    client.cell.out += bytes;
    client.recent += bytes;
  }

  #current(): Client {
    return this.listed ? this : this.#list.find(this.name);
  }
}
