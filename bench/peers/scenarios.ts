import { firstBytes } from './accuracy-handlers.ts';
import { Wire } from './wire.ts';

export interface Ports {
  port: number;
  tlsPort: number;
}
export type Way = 'in' | 'out';

export interface Counted {
  in: number;
  out: number;
}

/** What a client does, and what its socket counted of it. */
export interface Scenario {
  readonly name: string;
  /** Directions to compare: those that the scenario is about. */
  readonly ways: readonly Way[];
  /**
   * @param read asks the candidate while the exchange is still open.
   * @returns the truth.
   */
  run(ports: Ports, read: () => Promise<void>): Promise<Counted>;
}

const body = 'x'.repeat(100_000);
const chunks = `${`2710\r\n${'x'.repeat(10_000)}\r\n`.repeat(10)}0\r\n\r\n`;

export const scenarios: readonly Scenario[] = [
  once('GET, 1 kB', ['out'], head('GET', '/small')),
  once('GET, 100 kB chunked', ['out'], head('GET', '/chunked')),
  once('POST, 100 kB with Content-Length', ['in'], head('POST', '/upload', 'Content-Length: 100000') + body),
  once('POST, 100 kB chunked', ['in'], head('POST', '/upload', 'Transfer-Encoding: chunked') + chunks),
  once('HEAD of 1 kB', ['out'], head('HEAD', '/small')),
  once('304', ['out'], head('GET', '/unchanged', 'If-None-Match: "1"')),
  once('GET, 100 kB as gzip', ['out'], head('GET', '/gzip', 'Accept-Encoding: gzip')),
  {
    name: 'download of 5 MB, aborted after 4 MB',
    ways: ['out'],
    async run({ port }) {
      const wire = await Wire.open(port);
      wire.send(head('GET', '/big'));
      await wire.until((received) => received.length > firstBytes && bodyOf(received).length >= firstBytes);
      wire.close();
      return wire.counted;
    },
  },
  {
    name: 'SSE, 50 kB, still open',
    ways: ['out'],
    async run({ port }, read) {
      const wire = await Wire.open(port);
      wire.send(head('GET', '/events'));
      await wire.until((received) => received.split('\n\n').length > 50);
      const counted = wire.counted;
      await read();
      wire.close();
      return counted;
    },
  },
  once('10 GETs of 1 kB, pipelined', ['in', 'out'], keep('GET', '/small').repeat(9) + head('GET', '/small')),
  once(
    '413 before the body was read, then GET, keep-alive',
    ['in', 'out'],
    keep('POST', '/refused', 'Content-Length: 100000') + body + head('GET', '/small'),
  ),
  {
    name: '200 paths of a scanner, 404',
    ways: ['in', 'out'],
    async run({ port }) {
      const wire = await Wire.open(port);
      for (let index = 0; index < 200; index++) {
        wire.forget();
        wire.send(keep('GET', `/scan/${index}.php`));
        await wire.until(isWhole);
      }
      wire.close();
      return wire.counted;
    },
  },
  {
    name: 'GET, 100 kB over TLS, without the handshake',
    ways: ['out'],
    async run({ tlsPort }, read) {
      const wire = await Wire.openTls(tlsPort);
      const get = async () => {
        wire.forget();
        wire.send(keep('GET', '/large'));
        await wire.until((received) => bodyOf(received).length === 100_000);
        return wire.counted;
      };
      const first = await get();
      await read();
      const second = await get();
      await read();
      wire.close();
      return { in: second.in - first.in, out: second.out - first.out };
    },
  },
  {
    name: 'WebSocket, 20 messages of 1 kB echoed',
    ways: ['in', 'out'],
    async run({ port }) {
      const wire = await Wire.open(port);
      wire.send(
        'GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      await wire.until((received) => received.includes('\r\n\r\n'));
      // Masked with zeros: 2 + 2 bytes of length, 4 of mask; the answer has no mask.
      const message = Buffer.concat([Buffer.from([0x82, 0xfe, 0x03, 0xe8, 0, 0, 0, 0]), Buffer.alloc(1000, 'x')]);
      for (let count = 0; count < 20; count++) wire.send(message);
      await wire.until((received) => bodyOf(received).length === 20 * 1004);
      wire.close();
      return wire.counted;
    },
  },
];

/** One write, answered until the server closes. */
function once(name: string, ways: readonly Way[], request: string): Scenario {
  return {
    name,
    ways,
    async run({ port }) {
      const wire = await Wire.open(port);
      wire.send(request);
      await wire.untilEnd();
      return wire.counted;
    },
  };
}

function head(method: string, path: string, ...headers: string[]): string {
  return keep(method, path, 'Connection: close', ...headers);
}

function keep(method: string, path: string, ...headers: string[]): string {
  return `${[`${method} ${path} HTTP/1.1`, 'Host: localhost', 'User-Agent: bench', ...headers].join('\r\n')}\r\n\r\n`;
}

function isWhole(received: string): boolean {
  return bodyOf(received).length === Number(received.match(/Content-Length: (\d+)/i)?.[1]);
}

function bodyOf(received: string): string {
  const end = received.indexOf('\r\n\r\n');
  return end < 0 ? '' : received.slice(end + 4);
}
