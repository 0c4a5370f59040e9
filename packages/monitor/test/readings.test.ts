import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Connection } from '../src/capture/sockets/connection.ts';
import { SocketGetters } from '../src/capture/sockets/counters.ts';
import { SocketHooks } from '../src/capture/sockets/socket-hooks.ts';
import { UnsentQueue } from '../src/capture/unsent-queue.ts';
import { setEndpoint } from '../src/index.ts';
import { parseSamples } from './accuracy/exposition.ts';
import { MonitoredServer } from './support/monitored-server.ts';
import { RawClient } from './support/raw-client.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A client and the socket that its server has for it. */
async function connectPair(): Promise<{ client: Socket; socket: Socket }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  stops.push(() => [client.destroy(), socket.destroy(), server.close()]);
  return { client, socket };
}

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';

test('where a handle has no counters, the public getters serve, without what is queued', async () => {
  const { client, socket } = await connectPair();
  const connection = new Connection(socket, new SocketGetters(socket), 0, 0);
  client.write('hello');
  await once(socket, 'readable');
  socket.read();
  socket.write('x'.repeat(1000));
  client.pause();
  connection.read();
  expect(connection).toMatchObject({ in: 5, out: 1000 });
  // More than the kernels hold: the rest is queued, and not counted.
  socket.write(Buffer.alloc(40_000_000));
  connection.read();
  expect(connection.out).toBe(1000);
  expect(connection.hasUnsent).toBe(true);
  client.resume();
  await once(socket, 'drain');
  connection.read();
  expect(connection.out).toBe(40_001_000);
});

test('open connections are read by the clock, asked by nobody', async () => {
  const server = await MonitoredServer.start(
    (request, response) => {
      setEndpoint(request, '/a');
      response.write('half');
    },
    { sampleIntervalMs: 100 },
  );
  stops.push(() => server.stop());
  const client = await RawClient.open(server.port);
  client.send(get);
  await client.until(/half/);
  const { connection } = await vi.waitFor(() => {
    // Not a snapshot: that would read them.
    const totals = server.monitor.source.totals();
    expect(totals.connection.out).toBe(client.socket.bytesRead);
    return totals;
  });
  expect(connection.in).toBe(get.length);
});

test('a fault of ours is counted, told once, and reaches no request', async () => {
  const warnings: string[] = [];
  // A URL that can't be read: whoever subscribed before us may have done anything to it.
  const spoil = (message: unknown) => {
    const { request } = message as { request: IncomingMessage };
    Object.defineProperty(request, 'url', {
      get: () => {
        throw new Error('spoilt');
      },
    });
  };
  subscribe('http.server.request.start', spoil);
  stops.push(() => unsubscribe('http.server.request.start', spoil));
  const server = await MonitoredServer.start((_request, response) => response.end('hello'), {
    warn: (message) => warnings.push(message),
  });
  stops.push(() => server.stop());
  const client = await RawClient.open(server.port);
  for (let round = 0; round < 2; round++) {
    client.send(get);
    await client.until(/hello$/);
    client.received = '';
  }
  await client.end();
  const { errors } = server.monitor.source.ledger;
  expect(errors).toBeGreaterThan(0);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('spoilt');
  expect(await server.monitor.text()).toContain(`weighbridge_http_monitor_errors_total ${errors}\n`);
});

test('the exposition tells what is pending and in flight while it is', async () => {
  let answer = () => {};
  const server = await MonitoredServer.start((_request, response) => {
    answer = () => response.end('hello');
  });
  stops.push(() => server.stop());
  const [busy, idle] = [await RawClient.open(server.port), await RawClient.open(server.port)];
  busy.send(get);
  await vi.waitFor(() => expect(server.monitor.snapshot().connection.in).toBe(get.length));
  await vi.waitFor(() => expect(server.monitor.snapshot().open.connections).toBe(2));
  const samples = parseSamples(await server.monitor.text());
  expect(samples.get('weighbridge_http_pending_bytes{direction="in"}')).toBe(get.length);
  expect(samples.get('weighbridge_http_pending_bytes{direction="out"}')).toBe(0);
  expect(samples.get('weighbridge_http_requests_in_flight')).toBe(1);
  expect(samples.get('weighbridge_http_connections')).toBe(2);
  answer();
  await busy.until(/hello$/);
  await Promise.all([busy.end(), idle.end()]);
});

test('a fault while a socket is written to or destroyed reaches nobody but us', async () => {
  const { client, socket } = await connectPair();
  const hooks = SocketHooks.install(socket);
  const faults: unknown[] = [];
  const fail = (): never => {
    throw new Error('ours');
  };
  hooks.listener = { onDestroy: fail, onWait: fail, onRefuse: fail, onFault: (error) => faults.push(error) };
  hooks.watchWrites(fail);
  // The first is told of, the second waits for the kernel.
  socket.write('hello');
  socket.write(Buffer.alloc(20_000_000));
  client.resume();
  await once(socket, 'drain');
  socket.destroy();
  await once(socket, 'close');
  expect(faults.length).toBeGreaterThanOrEqual(4);
  expect(client.bytesRead).toBeGreaterThan(0);
});

describe('labels', () => {
  test('stay what they were at the first byte, whatever the application says later', async () => {
    const server = await MonitoredServer.start((request, response) => {
      setEndpoint(request, '/first');
      response.write('half');
      server.monitor.snapshot();
      setEndpoint(request, '/second');
      request.method = 'DELETE';
      response.end('hello');
    });
    stops.push(() => server.stop());
    const client = await RawClient.open(server.port);
    client.send(get);
    await client.until(/hello/);
    await client.end();
    expect(server.endpoint('GET', '/first')).toMatchObject({ requestBytes: get.length, exchanges: 1 });
    expect(server.monitor.snapshot().endpoints).toHaveLength(1);
  });

  test.each([
    [404, '_unmatched'],
    [405, '_unmatched'],
    [400, '_unrouted'],
    [200, '_unrouted'],
  ])('an answer of %d without a template is %s', async (status, endpoint) => {
    const server = await MonitoredServer.start((_request, response) => response.writeHead(status).end());
    stops.push(() => server.stop());
    const client = await RawClient.open(server.port);
    client.send(get);
    await client.until(/\r\n\r\n/);
    await client.end();
    expect(server.endpoint('GET', endpoint)).toMatchObject({ exchanges: 1 });
  });
});

describe('connections with unsent output', () => {
  test('are read every 50 ms, a thousand at a time, the oldest reading first', () => {
    vi.useFakeTimers();
    try {
      const read: number[] = [];
      const items = Array.from({ length: 1500 }, (_, index) => ({ index, isQueued: false }));
      // Made with the clock of this test: the queue keeps the real one for itself.
      const queue = new UnsentQueue<(typeof items)[number]>(({ index }) => {
        read.push(index);
        return index < 3;
      }, setTimeout);
      for (const item of items) queue.add(item);
      for (const item of items) queue.add(item);
      vi.advanceTimersByTime(50);
      expect(read).toEqual(items.slice(0, 1000).map(({ index }) => index));
      vi.advanceTimersByTime(50);
      expect(read.slice(1000)).toEqual([...items.slice(1000).map(({ index }) => index), 0, 1, 2]);
      vi.advanceTimersByTime(50);
      expect(read.slice(1503)).toEqual([0, 1, 2]);
      queue.clear();
      vi.advanceTimersByTime(500);
      expect(read).toHaveLength(1506);
    } finally {
      vi.useRealTimers();
    }
  });
});
