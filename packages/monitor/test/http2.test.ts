import { once } from 'node:events';
import type { Server } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createSecureServer,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Stream,
} from 'node:http2';
import { request as requestOverTls } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { bytesOf, imbalance, setEndpoint } from '../src/index.ts';
import { makeCertificate } from './support/certificate.ts';
import { FrameRelay } from './support/frame-relay.ts';
import { collectGarbage } from './support/garbage.ts';
import { MonitoredServer } from './support/monitored-server.ts';

/** What a stream's head and frames may be off by, each way: the bound that ACCURACY.md states. */
const bound = 78;

let running: MonitoredServer | undefined;
let relay: FrameRelay | undefined;
const sessions: ClientHttp2Session[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await relay?.stop();
  relay = undefined;
  const server = running as MonitoredServer;
  await server.drained();
  expect(server.monitor.snapshot()).toMatchObject({ balanced: true, pending: { in: 0, out: 0 } });
  server.server.close();
  server.monitor.stop();
});

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;
const routed =
  (handler: Handler): Handler =>
  (request, response) => {
    setEndpoint(request, request.url.split('?')[0] as string);
    handler(request, response);
  };

async function serve(handler: Handler): Promise<ClientHttp2Session> {
  return open(createServer(routed(handler)) as unknown as Server);
}

/** The session goes through a relay that reads the frames. */
async function open(server: Server): Promise<ClientHttp2Session> {
  running = await MonitoredServer.start(() => {}, {}, server);
  relay = await FrameRelay.start(running.port);
  const session = connect(`http://127.0.0.1:${relay.port}`);
  sessions.push(session);
  session.on('error', () => {});
  return session;
}

function ask(session: ClientHttp2Session, path: string, body?: string | Buffer): ClientHttp2Stream {
  const stream = session.request({ ':path': path, ':method': body === undefined ? 'GET' : 'POST' });
  stream.on('error', () => {});
  stream.end(body);
  return stream;
}

async function read(stream: ClientHttp2Stream): Promise<number> {
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  await once(stream, 'close');
  return length;
}

/** Until the monitor has seen as many exchanges end. */
async function ended(method: string, path: string, exchanges: number) {
  const server = running as MonitoredServer;
  for (;;) {
    const row = server.monitor.snapshot().endpoints.find((each) => each.method === method && each.endpoint === path);
    if (row && row.exchanges >= exchanges) return row;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function expectNear(actual: number, truth: number): void {
  expect(Math.abs(actual - truth), `${actual} of ${truth}`).toBeLessThanOrEqual(bound);
}

function expectTotals(truth = () => (relay as FrameRelay).total): Promise<void> {
  return vi.waitFor(() => expect((running as MonitoredServer).monitor.snapshot().connection).toEqual(truth()));
}

const answer: Handler = (request, response) => {
  request.resume().on('end', () => response.end('x'.repeat(Number(request.url.split('?')[1] ?? 10))));
};

test('a stream is as long as its frames, within the bound, and the session is exact', async () => {
  const session = await serve(answer);
  await read(ask(session, '/a?100'));
  const first = await ended('GET', '/a', 1);
  expectNear(first.requestBytes, (relay as FrameRelay).of(1).in);
  expectNear(first.responses[0]?.bytes as number, (relay as FrameRelay).of(1).out);
  await read(ask(session, '/b?200000', Buffer.alloc(150_000)));
  const second = await ended('POST', '/b', 1);
  expectNear(second.requestBytes, (relay as FrameRelay).of(3).in);
  expectNear(second.responses[0]?.bytes as number, (relay as FrameRelay).of(3).out);
  await expectTotals();
});

test('concurrent streams share what can not be told apart: each within the bound, the sum exact', async () => {
  const session = await serve(answer);
  const count = 50;
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      read(ask(session, `/s${index}?${index * 500}`, Buffer.alloc(index * 300))),
    ),
  );
  for (let index = 0; index < count; index++) {
    const row = await ended('POST', `/s${index}`, 1);
    const truth = (relay as FrameRelay).of(1 + 2 * index);
    expectNear(row.requestBytes, truth.in);
    expectNear(row.responses[0]?.bytes as number, truth.out);
  }
  await expectTotals();
});

test('grows while a stream is open', async () => {
  let stream: ServerHttp2Stream | undefined;
  const server = createServer();
  server.on('stream', (opened) => {
    stream = opened;
    setEndpoint(opened, '/events');
    opened.respond({ ':status': 200 });
    opened.write('e'.repeat(5000));
  });
  const session = await open(server as unknown as Server);
  const client = ask(session, '/events/17');
  await once(client, 'data');
  const bytes = bytesOf(stream as ServerHttp2Stream);
  const row = (running as MonitoredServer).endpoint('GET', '/events');
  expect(row.exchanges).toBe(0);
  expectNear(row.responses[0]?.bytes as number, (relay as FrameRelay).of(1).out);
  expect(bytes).toMatchObject({ out: row.responses[0]?.bytes, ended: false });
  stream?.end('e'.repeat(5000));
  await read(client);
  await ended('GET', '/events', 1);
  expect(bytes?.ended).toBe(true);
  expectNear(bytes?.out as number, (relay as FrameRelay).of(1).out);
});

test('a reset stream: never more than what crossed, aborted', async () => {
  const session = await serve((_request, response) => response.end(Buffer.alloc(5_000_000)));
  const stream = ask(session, '/big');
  await once(stream, 'data');
  stream.close(8);
  await once(stream, 'close');
  const row = await ended('GET', '/big', 1);
  expect(row.aborted).toBe(1);
  const { connection } = (running as MonitoredServer).monitor.snapshot();
  expect(row.responses[0]?.bytes).toBeLessThanOrEqual(connection.out);
  await expectTotals();
});

test('what a goaway and pings move is the session’s', async () => {
  const session = await serve(answer);
  await read(ask(session, '/a'));
  const row = await ended('GET', '/a', 1);
  await new Promise((resolve) => session.ping(() => resolve(undefined)));
  session.close();
  await once(session, 'close');
  await (running as MonitoredServer).drained();
  const snapshot = (running as MonitoredServer).monitor.snapshot();
  const after = snapshot.endpoints.find(({ endpoint }) => endpoint === '/a');
  expect(after?.requestBytes).toBe(row.requestBytes);
  const session0 = (relay as FrameRelay).of(0);
  expectNear(snapshot.unattributed.http2_session.in, session0.in);
  expectNear(snapshot.unattributed.http2_session.out, session0.out);
});

test('2,000 streams open on one connection are each counted', async () => {
  const waiting: Http2ServerResponse[] = [];
  const session = await serve((_request, response) => waiting.push(response));
  const streams = Array.from({ length: 2000 }, () => ask(session, '/wait'));
  while (waiting.length < streams.length) await new Promise((resolve) => setImmediate(resolve));
  for (const response of waiting) response.end('x');
  await Promise.all(streams.map(read));
  expect((await ended('GET', '/wait', streams.length)).exchanges).toBe(streams.length);
  await expectTotals();
});

test('keeps nothing of the streams that a connection has had', async () => {
  const session = await serve((request, response) => {
    response.stream.on('error', () => {});
    response.end(Buffer.alloc(request.url === '/stalled' ? 1_000_000 : 100));
  });
  await once(session, 'connect');
  session.setLocalWindowSize(2 ** 26);
  for (const code of [0, 8, 5]) {
    const stalled = ask(session, '/stalled');
    await once(stalled, 'response');
    stalled.close(code);
    setTimeout(() => stalled.destroy(), 20);
  }
  const rounds: number[] = [];
  for (let round = 1; round <= 4; round++) {
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(Array.from({ length: 50 }, () => read(ask(session, '/short'))));
    }
    await ended('GET', '/short', round * 1000);
    expect((running as MonitoredServer).monitor.snapshot().open.exchanges).toBe(0);
    collectGarbage();
    rounds.push(process.memoryUsage().heapUsed);
  }
  // 3,000 streams; before, each kept some 3 kB.
  expect((rounds[3] as number) - (rounds[0] as number)).toBeLessThan(2_000_000);
  await ended('GET', '/stalled', 3);
}, 30_000);

describe('over TLS', () => {
  let certificate: ReturnType<typeof makeCertificate>;
  beforeAll(() => {
    certificate = makeCertificate();
  });

  async function secure(): Promise<MonitoredServer> {
    running = await MonitoredServer.start(
      () => {},
      {},
      createSecureServer({ ...certificate, allowHTTP1: true }, routed(answer)) as unknown as Server,
    );
    return running;
  }

  test('the session is exact, its DATA with it', async () => {
    const server = await secure();
    const raw = connectTcp(server.port, '127.0.0.1');
    const session = connect(`https://127.0.0.1:${server.port}`, { socket: raw, rejectUnauthorized: false });
    sessions.push(session);
    await read(ask(session, '/a?100000'));
    const row = await ended('GET', '/a', 1);
    expect(row.responses[0]?.bytes).toBeGreaterThan(100_000);
    expect(row.responses[0]?.bytes).toBeLessThan(101_000);
    await expectTotals(() => ({ in: raw.bytesWritten, out: raw.bytesRead }));
    const { unattributed } = server.monitor.snapshot();
    expect(unattributed.tls_handshake.out).toBeGreaterThan(500);
  });

  test('a client that speaks HTTP/1.1 is counted as ever', async () => {
    const server = await secure();
    const request = requestOverTls({
      port: server.port,
      host: '127.0.0.1',
      path: '/a',
      rejectUnauthorized: false,
      agent: false,
    });
    request.end();
    const [response] = await once(request, 'response');
    response.resume();
    await once(response, 'end');
    const row = await ended('GET', '/a', 1);
    expect(row.responses).toMatchObject([{ status: '200', exchanges: 1 }]);
  });
});

test('the books balance while streams run', async () => {
  const session = await serve(answer);
  const streams = Array.from({ length: 20 }, (_, index) => read(ask(session, `/n?${index * 10_000}`)));
  let isDone = false;
  void Promise.all(streams).then(() => {
    isDone = true;
  });
  while (!isDone) {
    expect(imbalance((running as MonitoredServer).monitor.snapshot())).toEqual({ in: 0, out: 0 });
    await new Promise((resolve) => setImmediate(resolve));
  }
});
