import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What crossed on one stream; stream 0 is the session's own. */
export interface StreamBytes {
  in: number;
  out: number;
  /** Of it, payload of DATA frames. */
  dataIn: number;
  dataOut: number;
  framesIn: number;
  framesOut: number;
}

type Add = (stream: number, bytes: number, data: number) => void;
const preface = 24;

/** Stands between client and server, and knows the truth about each stream because it reads the frames. */
export class FrameRelay {
  readonly streams = new Map<number, StreamBytes>();
  /** To the server: what the kernel moves, and the same without TLS. */
  readonly sockets: Socket[] = [];
  readonly plain: Socket[] = [];
  readonly #clients: Socket[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param isSecure speaks TLS with the server; its clients speak in clear, so that frames can be read. */
  static async start(target: number, isSecure = false): Promise<FrameRelay> {
    const server = createServer({ allowHalfOpen: true });
    const relay = new FrameRelay(server);
    server.on('connection', (client) => relay.#connect(client, target, isSecure));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Bytes to and from the server, all connections. */
  get total(): { in: number; out: number } {
    const total = { in: 0, out: 0 };
    for (const socket of this.sockets) {
      total.in += socket.bytesWritten;
      total.out += socket.bytesRead;
    }
    return total;
  }

  of(stream: number): StreamBytes {
    const found = this.streams.get(stream) ?? { in: 0, out: 0, dataIn: 0, dataOut: 0, framesIn: 0, framesOut: 0 };
    this.streams.set(stream, found);
    return found;
  }

  async stop(): Promise<void> {
    for (const socket of [...this.sockets, ...this.#clients]) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connect(client: Socket, target: number, isSecure: boolean): void {
    const raw = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const server = isSecure ? connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ['h2'] }) : raw;
    this.#clients.push(client);
    client.setNoDelay();
    raw.setNoDelay();
    this.sockets.push(raw);
    this.plain.push(server);
    client.on('data', frameReader(preface, this.#adder('in')));
    server.on('data', frameReader(0, this.#adder('out')));
    client.pipe(server);
    server.pipe(client);
    for (const [one, other] of [
      [client, raw],
      [server, client],
    ] as const) {
      one.on('error', () => {});
      // Who goes without a word is passed on as that.
      one.on('close', () => one.readableEnded || other.resetAndDestroy());
    }
  }

  #adder(way: 'in' | 'out'): Add {
    return (stream, bytes, data) => {
      const entry = this.of(stream);
      entry[way] += bytes;
      entry[way === 'in' ? 'dataIn' : 'dataOut'] += data;
      entry[way === 'in' ? 'framesIn' : 'framesOut']++;
    };
  }
}

/** Reads frame headers: length (24 bits), type, flags, stream (31 bits). */
function frameReader(skip: number, add: Add): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let prefaceLeft = skip;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    if (prefaceLeft > 0 && rest.length >= prefaceLeft) {
      add(0, prefaceLeft, 0);
      rest = rest.subarray(prefaceLeft);
      prefaceLeft = 0;
    }
    while (prefaceLeft === 0 && rest.length >= 9) {
      const length = rest.readUIntBE(0, 3);
      if (rest.length < 9 + length) return;
      add(rest.readUInt32BE(5) & 0x7fffffff, 9 + length, rest[3] === 0 ? length : 0);
      rest = rest.subarray(9 + length);
    }
  };
}
