import type { TLSSocket } from 'node:tls';
import type { Connection } from './connection.ts';
import { onRefusedWrite } from './refused-writes.ts';
import type { Settlement } from './settlement.ts';
import { ciphertextLength, WrittenRecords } from './tls-records.ts';

/** What is special about a connection with TLS: its handshake, its tickets, and what the records add. */
export class TlsConnection {
  /** The plaintext end, once the handshake is done. */
  socket: TLSSocket | null = null;
  readonly #connection: Connection;
  #handshakeIn = 0;
  #settled = false;
  /** While tickets may still leave together with the first answer. */
  #records: WrittenRecords | null = null;
  /** Plaintext already told apart from its records. */
  #overheadIn = 0;
  #overheadOut = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The handshake is done, `socket` is its plaintext end. */
  secure(socket: TLSSocket): void {
    this.socket = socket;
    this.#connection.read();
    this.#handshakeIn = this.#connection.seenIn;
    // How much ciphertext was refused can't be known: count none of it.
    onRefusedWrite(socket, () => this.#connection.refuse(Number.POSITIVE_INFINITY));
  }

  /**
   * Before the first exchange, or at the end: what moved so far is the handshake's.
   *
   * @param byWrites the answers are written through the socket, so that tickets can be told from them.
   */
  settleHandshake(settlement: Settlement, byWrites = true): void {
    const connection = this.#connection;
    if (this.#settled) return;
    this.#settled = true;
    connection.read();
    const { socket } = this;
    if (socket === null) {
      settlement.settleRest(connection, 'tls_failure');
      return;
    }
    // The first request may have come in the same read as the end of the handshake; the tickets leave after it.
    const together = connection.seenIn === this.#handshakeIn;
    const end = together
      ? Math.max(0, connection.seenIn - ciphertextLength(socket, socket.bytesRead))
      : this.#handshakeIn;
    settlement.settleUnattributed(connection, 'tls_handshake', end, connection.seenOut);
    if (together && byWrites) this.#awaitTickets(socket, settlement);
  }

  /** Settles tickets that have left since. To be called before any output is settled. */
  settleTickets(settlement: Settlement): void {
    if (this.#records === null) return;
    const connection = this.#connection;
    const left = connection.socket.bytesWritten - connection.settledOut - this.#records.ciphertext;
    // They leave with whatever is written first, hence whole or not at all.
    if (left <= 0 || connection.seenOut < connection.settledOut + left) return;
    this.#endRecords();
    settlement.settleUnattributed(connection, 'tls_handshake', 0, left);
  }

  /** Counts raw minus plaintext, for information. */
  sample(settlement: Settlement): void {
    if (this.socket === null) return;
    // The plaintext getter counts what is submitted; the overhead shows once its records are out.
    const grownIn = Math.max(0, this.#connection.seenIn - this.socket.bytesRead - this.#overheadIn);
    const grownOut = Math.max(0, this.#connection.seenOut - this.socket.bytesWritten - this.#overheadOut);
    this.#overheadIn += grownIn;
    this.#overheadOut += grownOut;
    settlement.addTlsOverhead(grownIn, grownOut);
  }

  #awaitTickets(socket: TLSSocket, settlement: Settlement): void {
    this.#records = new WrittenRecords(socket);
    setImmediate(() => {
      this.#connection.read();
      this.settleTickets(settlement);
      this.#endRecords();
    });
  }

  #endRecords(): void {
    this.#records?.stop();
    this.#records = null;
  }
}
