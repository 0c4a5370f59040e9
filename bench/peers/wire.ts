import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A client that knows the truth: what its own TCP socket sent and received. */
export class Wire {
  readonly #raw: Socket;
  readonly #socket: Socket;
  #received = '';
  #ended = false;
  #wake = () => {};

  private constructor(raw: Socket, socket: Socket) {
    this.#raw = raw;
    this.#socket = socket;
    socket.on('data', (data) => {
      this.#received += data.toString('latin1');
      this.#wake();
    });
    for (const name of ['end', 'close', 'error']) {
      socket.on(name, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  static async open(port: number): Promise<Wire> {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Wire(socket, socket);
  }

  static async openTls(port: number): Promise<Wire> {
    const raw = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    await once(raw, 'connect');
    const socket = connectTls({ socket: raw, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return new Wire(raw, socket);
  }

  /** As the server sees it: `in` is what it received. */
  get counted(): { in: number; out: number } {
    return { in: this.#raw.bytesWritten, out: this.#raw.bytesRead };
  }

  /** What came since the last call of {@link forget}, as one character a byte. */
  get received(): string {
    return this.#received;
  }

  forget(): void {
    this.#received = '';
  }

  send(data: string | Buffer): void {
    this.#socket.write(data);
  }

  /** Until what came is enough, or the connection ends. */
  async until(enough: (received: string) => boolean): Promise<void> {
    while (!enough(this.#received)) {
      if (this.#ended) throw new Error(`the connection ended after ${this.#received.slice(0, 200)} …`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async untilEnd(): Promise<void> {
    while (!this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.close();
  }

  close(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }
}
