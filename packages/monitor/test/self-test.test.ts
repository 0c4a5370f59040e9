import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type InsideName, insideNames, insides, usable } from '../src/capture/self-test.ts';
import { type BandwidthMonitor, type BandwidthSnapshot, monitorBandwidth, setEndpoint } from '../src/index.ts';
import { makeCertificate } from './support/certificate.ts';
import { FrameRelay } from './support/frame-relay.ts';
import { collectWarnings } from './support/notes.ts';

/** What heads and frames of an HTTP/2 stream may be off by. */
const bound = 78;

const warnings: string[] = [];
const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
  warnings.length = 0;
  for (const name of insideNames) usable[name] = true;
  forgetCapture();
});

/** The hooks of this process are made anew, and look again at what comes first. */
function forgetCapture(): void {
  delete (globalThis as Record<symbol, unknown>)[Symbol.for('weighbridge.capture')];
}

function watch(servers: readonly Server[]): BandwidthMonitor {
  const monitor = monitorBandwidth({ servers: [...servers], warn: collectWarnings(warnings) });
  undo.push(() => monitor.stop());
  return monitor;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

const answer: RequestListener = (request, response) => {
  setEndpoint(request, '/a');
  request.resume().on('end', () => response.end('x'.repeat(20_000)));
};

/** One exchange on a connection that closes after it. */
async function ask(socket: Socket): Promise<void> {
  socket.resume();
  socket.write('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello');
  await once(socket, 'close');
}

async function askInClear(port: number): Promise<{ in: number; out: number }> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  await ask(socket);
  return { in: socket.bytesWritten, out: socket.bytesRead };
}

async function drained(monitor: BandwidthMonitor): Promise<BandwidthSnapshot> {
  await vi.waitFor(() => expect(monitor.snapshot().open.connections).toBe(0));
  const snapshot = monitor.snapshot();
  expect(snapshot.balanced).toBe(true);
  return snapshot;
}

/** The gauge is 0, and one warning says what that means. */
async function expectTold(monitor: BandwidthMonitor, name: InsideName): Promise<void> {
  expect(await monitor.text()).toMatch(/^weighbridge_http_capture_exact 0$/m);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(`${insides[name].what} (without it ${insides[name].without})`);
}

/** Complete exchanges in clear are exact whatever is missing. */
async function expectExact(monitor: BandwidthMonitor, port: number): Promise<void> {
  const moved = await askInClear(port);
  const { connection, endpoints } = await drained(monitor);
  expect(connection).toEqual(moved);
  expect(endpoints).toMatchObject([
    { endpoint: '/a', requestBytes: moved.in, exchanges: 1, aborted: 0, responses: [{ bytes: moved.out }] },
  ]);
}

async function serveHttp2(): Promise<{ monitor: BandwidthMonitor; relay: FrameRelay; session: ClientHttp2Session }> {
  const server = createHttp2Server(answer as never) as unknown as Server;
  const monitor = watch([server]);
  const relay = await FrameRelay.start(await listen(server));
  undo.push(() => relay.stop());
  const session = connectHttp2(`http://127.0.0.1:${relay.port}`);
  session.on('error', () => {});
  return { monitor, relay, session };
}

async function askHttp2(session: ClientHttp2Session, body = 'hello'): Promise<void> {
  const stream = session.request({ ':path': '/a', ':method': 'POST' });
  stream.end(body);
  stream.resume();
  await once(stream, 'close');
}

test('on this Node nothing is missing', async () => {
  const server = createServer(answer);
  const monitor = watch([server]);
  await expectExact(monitor, await listen(server));
  const { session, monitor: second } = await serveHttp2();
  await askHttp2(session);
  session.destroy();
  await drained(second);
  expect(await monitor.text()).toMatch(/^weighbridge_http_capture_exact 1$/m);
  expect(warnings).toEqual([]);
});

test('on a socket of the file system nothing is missing', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'weighbridge-self-test-')), 'socket');
  undo.push(() => rmSync(dirname(path), { recursive: true }));
  const server = createServer(answer);
  const monitor = watch([server]);
  server.listen(path);
  await once(server, 'listening');
  undo.push(() => new Promise((resolve) => server.close(resolve)));
  const socket = connect(path);
  await once(socket, 'connect');
  await ask(socket);
  await drained(monitor);
  expect(await monitor.text()).toMatch(/^weighbridge_http_capture_exact 1$/m);
});

test('a monitor that comes later is told as well', async () => {
  usable.writeQueueSize = false;
  const server = createServer(answer);
  const first = watch([server]);
  await expectExact(first, await listen(server));
  await expectTold(first, 'writeQueueSize');
  warnings.length = 0;
  await expectTold(watch([]), 'writeQueueSize');
});

describe('HTTP/1 without', () => {
  test.each([
    'runtime',
    'handleCounters',
    'writeQueueSize',
    'getpeername',
    'socketDestroy',
    'writeGeneric',
    'messageBegin',
  ] as const)('%s: complete exchanges stay exact', async (name) => {
    usable[name] = false;
    const server = createServer(answer);
    const monitor = watch([server]);
    await expectExact(monitor, await listen(server));
    await expectTold(monitor, name);
  });

  test('channels: what a named server moves is known, and no endpoint', async () => {
    usable.channels = false;
    const server = createServer(answer);
    const monitor = watch([server]);
    const moved = await askInClear(await listen(server));
    const { connection, endpoints } = await drained(monitor);
    expect({ connection, endpoints }).toEqual({ connection: moved, endpoints: [] });
    await expectTold(monitor, 'channels');
  });

  test('activeHandles: a server that listens already is known from its next connection on', async () => {
    usable.activeHandles = false;
    const server = createServer(answer);
    const port = await listen(server);
    const monitor = monitorBandwidth({ warn: (message) => warnings.push(message) });
    undo.push(() => monitor.stop());
    await expectExact(monitor, port);
    await expectTold(monitor, 'activeHandles');
  });

  test('connectionsList: a connection that is open already counts from its next request on', async () => {
    usable.connectionsList = false;
    const server = createServer(answer);
    const port = await listen(server);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    await vi.waitFor(async () => {
      const count = await new Promise((resolve) =>
        server.getConnections((_error, connections) => resolve(connections)),
      );
      expect(count).toBe(1);
    });
    const monitor = watch([server]);
    await ask(socket);
    const { connection } = await drained(monitor);
    expect(connection).toEqual({ in: socket.bytesWritten, out: socket.bytesRead });
    await expectTold(monitor, 'connectionsList');
  });

  test('rawSocket: over TLS the sum is exact, and no endpoint is known', async () => {
    usable.rawSocket = false;
    const server = createHttpsServer(makeCertificate(), answer);
    const monitor = watch([server]);
    const raw = connect(await listen(server), '127.0.0.1');
    const secure = connectTls({ socket: raw, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    await ask(secure);
    const { connection, endpoints } = await drained(monitor);
    // The last alert of each may come when the other has gone.
    expect(Math.abs(connection.in - raw.bytesWritten)).toBeLessThanOrEqual(24);
    expect(Math.abs(connection.out - raw.bytesRead)).toBeLessThanOrEqual(24);
    expect(endpoints).toEqual([]);
    await expectTold(monitor, 'rawSocket');
  });
});

describe('HTTP/2 without', () => {
  test.each([
    'sessionSocket',
    'streamDestroy',
    'readableEnded',
    'streamEntries',
    'getpeername',
    'streamCounters',
    'compatRequest',
  ] as const)('%s: complete streams count, the sum is exact', async (name) => {
    usable[name] = false;
    const { monitor, relay, session } = await serveHttp2();
    for (let round = 0; round < 3; round++) await askHttp2(session);
    session.close();
    await once(session, 'close');
    const { connection, endpoints } = await drained(monitor);
    expect(connection).toEqual(relay.total);
    const truth = { in: 0, out: 0 };
    for (const id of [1, 3, 5]) {
      truth.in += relay.of(id).in;
      truth.out += relay.of(id).out;
    }
    const [row] = endpoints;
    expect(row).toMatchObject({ exchanges: 3, aborted: 0, responses: [{ status: '200', exchanges: 3 }] });
    // Without its request nobody knows what the handler called the endpoint.
    expect(row?.endpoint).toBe(name === 'compatRequest' ? '_unrouted' : '/a');
    if (name !== 'streamCounters' && name !== 'streamDestroy') {
      expect(Math.abs((row?.requestBytes as number) - truth.in)).toBeLessThanOrEqual(3 * bound);
      expect(Math.abs((row?.responses[0]?.bytes as number) - truth.out)).toBeLessThanOrEqual(3 * bound);
    }
    await expectTold(monitor, name);
  });

  test('streamEntries: a stream that was cut off is an estimate', async () => {
    usable.streamEntries = false;
    const server = createHttp2Server((request, response) => {
      setEndpoint(request as never, '/cut');
      response.stream.on('error', () => {});
      response.end(Buffer.alloc(1_000_000));
    }) as unknown as Server;
    const monitor = watch([server]);
    const relay = await FrameRelay.start(await listen(server));
    undo.push(() => relay.stop());
    const session = connectHttp2(`http://127.0.0.1:${relay.port}`);
    const stream = session.request({ ':path': '/cut' });
    stream.on('error', () => {});
    await once(stream, 'response');
    await vi.waitFor(() => expect(relay.of(1).dataOut).toBe(65_535));
    stream.close(8);
    await once(stream, 'close');
    session.destroy();
    const { endpoints } = await drained(monitor);
    expect(endpoints).toMatchObject([{ endpoint: '/cut', exchanges: 1, aborted: 1 }]);
    expect(Math.abs((endpoints[0]?.responses[0]?.bytes as number) - relay.of(1).out)).toBeLessThanOrEqual(bound);
  });
});

test('docs/decisions/0001 tells of each inside', () => {
  const text = readFileSync(new URL('../../../docs/decisions/0001-node-insides.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| (.+?) \|/gm)].map(([, first]) => first);
  expect(rows.slice(1)).toEqual(insideNames.map((name) => insides[name].what));
});

test('each inside is switched off by a test', () => {
  // Of those above; a new one must get its own.
  expect(insideNames).toHaveLength(17);
});
