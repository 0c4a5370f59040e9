import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { type BandwidthMonitor, monitorBandwidth, setEndpoint } from '@weighbridge/monitor';
import type { BenchOptions, Outcome } from './bench.ts';
import { median } from './statistics.ts';

const bodyBytes = 50_000_000;
const get = 'GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n';
const post = `POST /big HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n${'b'.repeat(2_000_000)}`;

/** How far a count can be from what arrived, when a client resets with data on its way. */
export async function resetError({ quick, progress }: BenchOptions): Promise<Outcome> {
  const trials = quick ? 5 : 30;
  const server = createServer((request, response) => {
    setEndpoint(request, '/big');
    // With a body that nobody reads, the server hears of a reset only by a write that fails.
    request.pause();
    response.end(Buffer.alloc(bodyBytes));
  });
  const monitor = monitorBandwidth({ servers: [server] });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    progress('clients that stop reading');
    const stalled = await repeat(trials, () => trial(server, monitor, get, stall));
    progress('clients that reset while they read');
    const reading = await repeat(trials, () => trial(server, monitor, get, readSome));
    progress('clients whose reset is told by a failed write');
    const unread = await repeat(trials, () => trial(server, monitor, post, readSome));
    const largest = sendBufferBytes();
    return {
      tables: [
        {
          caption: `A download of ${bodyBytes} bytes over loopback, reset by the client, ${trials} times each: bytes counted as sent less what arrived; nobody asks the monitor meanwhile. The system lets a send buffer grow to ${largest} bytes`,
          head: ['client', 'arrived, told by', 'least', 'median', 'most'],
          rows: [
            ['stops reading, then resets', "the client's kernel (ss)", ...spread(stalled)],
            ['resets while it reads, after 20 MB', "the client's process", ...spread(reading)],
            ['the same, told to the server by a failed write', "the client's process", ...spread(unread)],
          ],
        },
      ],
      figures: { trials, bodyBytes, sendBufferBytes: largest, stalled, reading, unread },
    };
  } finally {
    monitor.stop();
    server.close();
  }
}

async function repeat(times: number, once: () => Promise<number>): Promise<number[]> {
  const all: number[] = [];
  while (all.length < times) all.push(await once());
  return all;
}

/** Counted less arrived. */
async function trial(server: Server, monitor: BandwidthMonitor, request: string, client: Client): Promise<number> {
  const before = sent(monitor);
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.write(request);
  const arrived = await client(socket);
  socket.resetAndDestroy();
  // The server is asked, not the monitor: a snapshot would read the counters in time.
  while ((await connectionsOf(server)) > 0) await setTimeout(5);
  return sent(monitor) - before - arrived;
}

type Client = (socket: Socket) => Promise<number>;

async function stall(socket: Socket): Promise<number> {
  // Both buffers are full when nothing more is taken.
  for (let [last, same] = [-1, 0]; same < 10; ) {
    await setTimeout(20);
    const received = receivedByKernel(socket);
    same = received === last ? same + 1 : 0;
    last = received;
  }
  return receivedByKernel(socket);
}

async function readSome(socket: Socket): Promise<number> {
  await new Promise<void>((resolve) => socket.on('data', () => socket.bytesRead > 20_000_000 && resolve()));
  return socket.bytesRead;
}

function receivedByKernel({ localPort, remotePort }: Socket): number {
  const text = execFileSync('ss', ['-tinH', `sport = :${localPort} and dport = :${remotePort}`], { encoding: 'utf8' });
  const bytes = text.match(/bytes_received:(\d+)/)?.[1];
  if (bytes === undefined) throw new Error(`ss tells no bytes_received (Debian: apt-get install iproute2): ${text}`);
  return Number(bytes);
}

function sent(monitor: BandwidthMonitor): number {
  return monitor.snapshot().endpointsTotal.out;
}

function sendBufferBytes(): number {
  return Number(readFileSync('/proc/sys/net/ipv4/tcp_wmem', 'utf8').trim().split(/\s+/)[2]);
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

function spread(values: readonly number[]): string[] {
  return [Math.min(...values), median(values), Math.max(...values)].map(String);
}
