import { fork } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';
import { type Duplex, Duplex as DuplexStream } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type BandwidthMonitor,
  bytesOf,
  imbalance,
  type MonitorOptions,
  monitorBandwidth,
  setEndpoint,
} from '../src/index.ts';
import { makeCertificate } from './support/certificate.ts';
import { collectGarbage } from './support/garbage.ts';
import { isNote } from './support/notes.ts';
import { RawClient } from './support/raw-client.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const upgrade = 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const hello: RequestListener = (request, response) => {
  setEndpoint(request, '/a');
  request.resume();
  response.end('hello');
};

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

function monitor(options: MonitorOptions = {}): BandwidthMonitor {
  const made = monitorBandwidth({
    warn: (message) => {
      if (!isNote(message)) throw new Error(message);
    },
    ...options,
  });
  stops.push(() => {
    made.stop();
    const { balanced, pending } = made.snapshot();
    expect({ balanced, pending }).toEqual({ balanced: true, pending: { in: 0, out: 0 } });
  });
  return made;
}

async function ask(client: RawClient, text = get): Promise<{ in: number; out: number }> {
  const before = client.received.length;
  client.send(text);
  await client.until(/hello$/);
  const out = client.received.length - before;
  client.received = '';
  return { in: text.length, out };
}

const endpointsOf = (one: BandwidthMonitor) => one.snapshot().endpointsTotal;
const plus = (a: { in: number; out: number }, b: { in: number; out: number }) => ({
  in: a.in + b.in,
  out: a.out + b.out,
});

describe('several monitors in a process', () => {
  test('count the same; one that stops leaves the others alone, and its own figures as they were', async () => {
    const server = createServer(hello);
    const [first, second] = [monitor({ servers: [server] }), monitor({ servers: [server] })];
    const client = await RawClient.open(await listen(server));
    const before = await ask(client);
    expect([endpointsOf(first), endpointsOf(second)]).toEqual([before, before]);
    first.stop();
    const after = await ask(client);
    expect([endpointsOf(first), endpointsOf(second)]).toEqual([before, plus(before, after)]);
    await client.end();
  });

  test('one that starts late counts from then on, also on the connections that are open', async () => {
    const server = createServer(hello);
    const first = monitor({ servers: [server] });
    const client = await RawClient.open(await listen(server));
    const before = await ask(client);
    const second = monitor();
    const after = await ask(client);
    expect([endpointsOf(first), endpointsOf(second)]).toEqual([plus(before, after), after]);
    expect(second.snapshot()).toMatchObject({ connection: after, open: { connections: 1 } });
    await client.end();
  });

  test('one that starts in the middle of a head counts the rest of it', async () => {
    const server = createServer(hello);
    const first = monitor({ servers: [server] });
    const client = await RawClient.open(await listen(server));
    client.send(get.slice(0, 10));
    await vi.waitFor(() => expect(first.snapshot().pending.in).toBe(10));
    const second = monitor();
    client.send(get.slice(10));
    await client.until(/hello$/);
    const out = client.socket.bytesRead;
    expect(endpointsOf(first)).toEqual({ in: get.length, out });
    expect(endpointsOf(second)).toEqual({ in: get.length - 10, out });
    expect(second.snapshot()).toMatchObject({ balanced: true, pending: { in: 0, out: 0 } });
    await client.end();
  });

  test('one that starts in the middle of a response counts the rest of it', async () => {
    let end = () => {};
    const server = createServer((request, response) => {
      setEndpoint(request, '/a');
      response.write('half');
      end = () => response.end('hello');
    });
    const first = monitor({ servers: [server] });
    const client = await RawClient.open(await listen(server));
    client.send(get);
    await client.until(/half/);
    const half = client.socket.bytesRead;
    const second = monitor();
    end();
    await client.until(/hello/);
    await client.end();
    expect(endpointsOf(first)).toEqual({ in: get.length, out: client.socket.bytesRead });
    expect(endpointsOf(second)).toEqual({ in: 0, out: client.socket.bytesRead - half });
  });

  test('started, stopped and started again: each counts its own time', async () => {
    const server = createServer(hello);
    const client = await RawClient.open(await listen(server));
    const moved = [];
    for (let round = 0; round < 3; round++) {
      const one = monitor();
      const asked = await ask(client);
      moved.push([asked, endpointsOf(one)]);
      one.stop();
      await ask(client);
    }
    for (const [asked, counted] of moved) expect(counted).toEqual(asked);
    await client.end();
  });

  test('twenty of them add one set of listeners, and leave none behind', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const server = createServer(hello);
    const names = () => server.eventNames().map((name) => [name, server.listenerCount(name)]);
    const before = names();
    const many = Array.from({ length: 20 }, () => monitor({ servers: [server] }));
    const client = await RawClient.open(await listen(server));
    const asked = await ask(client);
    expect(server.listenerCount('connection')).toBe(2);
    for (const one of many) expect(endpointsOf(one)).toEqual(asked);
    for (const one of many) one.stop();
    await client.end();
    expect(names()).toEqual(before);
    expect(channel('http.server.request.start').hasSubscribers).toBe(false);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  test('an upgrade listener that comes and goes is served as without them', async () => {
    const server = createServer(hello);
    const [first] = [monitor({ servers: [server] }), monitor(), monitor({ servers: [server] })];
    first.stop();
    const listener = (_request: IncomingMessage, socket: Duplex) => socket.end('HTTP/1.1 101 Yes\r\n\r\nhello');
    server.on('upgrade', listener);
    const port = await listen(server);
    const upgraded = await RawClient.open(port);
    upgraded.send(upgrade);
    await upgraded.until(/101 Yes/);
    server.removeListener('upgrade', listener);
    const plain = await RawClient.open(port);
    plain.send(upgrade);
    await plain.until(/200 OK[\s\S]*hello$/);
    await plain.end();
  });

  test('removeAllListeners on the server takes ours away until its next connection', async () => {
    const server = createServer();
    const [onConnection] = server.listeners('connection');
    const one = monitor({ servers: [server] });
    server.removeAllListeners();
    server.on('connection', onConnection as (socket: Socket) => void);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      setEndpoint(request, '/a');
      socket.end('HTTP/1.1 101 Yes\r\n\r\nhello');
    });
    const client = await RawClient.open(await listen(server));
    const asked = await ask(client, upgrade);
    expect(endpointsOf(one)).toEqual(asked);
    await client.closed();
  });
});

describe('copies of the package in a process', () => {
  test('share the hooks, and each keeps its own ledger', async () => {
    const server = createServer(hello);
    const own = monitor({ servers: [server] });
    vi.resetModules();
    const copy = await import('../src/index.ts');
    expect(copy.monitorBandwidth).not.toBe(monitorBandwidth);
    const other = copy.monitorBandwidth();
    stops.push(() => other.stop());
    const seen: unknown[] = [];
    server.prependListener('request', (request) => seen.push(bytesOf(request), copy.bytesOf(request)));
    const client = await RawClient.open(await listen(server));
    const asked = await ask(client);
    expect(server.listenerCount('connection')).toBe(2);
    expect([endpointsOf(own), other.snapshot().endpointsTotal]).toEqual([asked, asked]);
    expect(seen).toEqual([
      { ...asked, ended: true },
      { ...asked, ended: true },
    ]);
    await client.end();
  });

  test('a copy of another major version does not count, and says so', () => {
    const key = Symbol.for('weighbridge.capture');
    const shared = globalThis as unknown as Record<symbol, unknown>;
    const own = shared[key];
    shared[key] = { version: 99 };
    try {
      const warnings: string[] = [];
      const one = monitorBandwidth({ warn: (message) => warnings.push(message) });
      expect(warnings.join()).toMatch(/another major version .* counts in this process already .*does not count/);
      expect(one.snapshot()).toMatchObject({ balanced: true, connection: { in: 0, out: 0 } });
      one.stop();
    } finally {
      shared[key] = own;
    }
  });
});

describe('sockets', () => {
  test('a server that never listens is known from its first request on', async () => {
    const server = createServer(hello);
    const front = createNetServer((raw) => {
      // Given away later, when no channel speaks of it any more.
      setImmediate(() => server.emit('connection', raw));
    });
    const one = monitor();
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    stops.push(() => front.close());
    const { port } = front.address() as AddressInfo;
    for (let round = 1; round <= 2; round++) {
      const client = await RawClient.open(port);
      const total = endpointsOf(one);
      const asked = plus(await ask(client), await ask(client));
      expect(endpointsOf(one)).toEqual(plus(total, asked));
      await client.end();
    }
  });

  test('with TLS, given to a server that nobody told of, count as ciphertext', async () => {
    const server = createServer(hello);
    const front = createTlsServer(makeCertificate(), (socket) => {
      setImmediate(() => server.emit('connection', socket));
    });
    const one = monitor();
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    stops.push(() => front.close());
    const { port } = front.address() as AddressInfo;
    for (let round = 0; round < 2; round++) {
      const raw = connect(port, '127.0.0.1');
      const secure = connectTls({ socket: raw, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
      await once(secure, 'secureConnect');
      const client = new RawClient(secure);
      await ask(client);
      const [before, sent, received] = [endpointsOf(one), raw.bytesWritten, raw.bytesRead];
      await ask(client);
      const asked = { in: raw.bytesWritten - sent, out: raw.bytesRead - received };
      expect(endpointsOf(one)).toEqual(plus(before, asked));
      secure.destroy();
    }
    await vi.waitFor(() => expect(one.snapshot().open.connections).toBe(0));
    const { tls_failure, tls_handshake, malformed } = one.snapshot().unattributed;
    expect([tls_failure, malformed]).toEqual([
      { in: 0, out: 0 },
      { in: 0, out: 0 },
    ]);
    expect(tls_handshake.in).toBeGreaterThan(0);
  });

  test('sent to another process are closed for us, and no counter goes down', async () => {
    const server = createServer(hello);
    const one = monitor({ servers: [server] });
    const port = await listen(server);
    const taker = fork(new URL('./support/socket-taker.cjs', import.meta.url), { stdio: 'inherit' });
    stops.push(() => taker.kill());
    const sockets: Socket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    const client = await RawClient.open(port);
    const asked = await ask(client);
    taker.send('take', sockets[0] as Socket);
    await client.until(/taken/);
    await vi.waitFor(() => expect(one.snapshot().open.connections).toBe(0));
    expect(one.snapshot()).toMatchObject({ connection: asked, balanced: true });
    client.socket.destroy();
  });

  test('that the application destroys as they come leave nothing open', async () => {
    const server = createServer(hello);
    server.on('connection', (socket) => socket.destroy());
    const port = await listen(server);
    // By the channel alone: it speaks when they are destroyed already.
    const one = monitor();
    for (let round = 0; round < 300; round++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'close');
    }
    expect(one.snapshot().open.connections).toBe(0);
  });

  test('of an HTTPS server and of an upgrade stay fast objects', async () => {
    setFlagsFromString('--allow-natives-syntax');
    const hasFastProperties = new Function('value', 'return %HasFastProperties(value)') as (value: object) => boolean;
    const sockets: object[] = [];
    const server = createHttpsServer(makeCertificate(), (request, response) => {
      sockets.push(request.socket);
      hello(request, response);
    });
    server.on('upgrade', (_request, socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Yes\r\n\r\nhello');
      sockets.push(socket);
    });
    monitor({ servers: [server] });
    const port = await listen(server);
    for (const text of [get, upgrade]) {
      const secure: TLSSocket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      await once(secure, 'secureConnect');
      const client = new RawClient(secure);
      await ask(client, text);
      await wait(10);
      secure.destroy();
    }
    expect(sockets.map(hasFastProperties)).toEqual([true, true]);
  });

  test('beyond a thousand are all in a snapshot', async () => {
    const server = createServer((request, response) => {
      setEndpoint(request, '/a');
      response.write('x'.repeat(100));
    });
    const one = monitor({ servers: [server], sampleIntervalMs: 60_000 });
    const port = await listen(server);
    const clients: RawClient[] = [];
    for (let count = 0; count < 1100; count++) {
      const client = await RawClient.open(port);
      client.send(get);
      clients.push(client);
    }
    await Promise.all(clients.map((client) => client.until(/x{100}/)));
    const out = clients.reduce((sum, { socket }) => sum + socket.bytesRead, 0);
    expect(one.snapshot().connection).toEqual({ in: 1100 * get.length, out });
    expect(endpointsOf(one)).toEqual({ in: 1100 * get.length, out });
    for (const { socket } of clients) socket.destroy();
  });

  test('a monitor that stops inside a TLS handler has its totals in balance', async () => {
    const server = createHttpsServer(makeCertificate());
    const one = monitor({ servers: [server] });
    server.on('request', (request, response) => {
      one.stop();
      hello(request, response);
    });
    const secure = connectTls({ port: await listen(server), host: '127.0.0.1', rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    await ask(new RawClient(secure));
    expect(imbalance(one.snapshot())).toEqual({ in: 0, out: 0 });
    secure.destroy();
  });
});

describe('requests and responses that have ended', () => {
  /** How many of those of ten keep-alive connections are still in memory. */
  async function alive(): Promise<number> {
    const held: WeakRef<object>[] = [];
    const server = createServer((request, response) => {
      held.push(new WeakRef(request), new WeakRef(response));
      hello(request, response);
    });
    const port = await listen(server);
    const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.open(port)));
    for (let round = 0; round < 3; round++) for (const client of clients) await ask(client);
    for (let round = 0; round < 3; round++) {
      await wait(10);
      collectGarbage();
    }
    for (const client of clients) await client.end();
    return held.filter((one) => one.deref() !== undefined).length;
  }

  test('are let go, as without a monitor', async () => {
    const without = await alive();
    monitor();
    expect(await alive()).toBeLessThanOrEqual(without);
  });

  test('have their bytes, also for who asks only now', async () => {
    const kept: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      kept.push(request);
      hello(request, response);
    });
    monitor({ servers: [server] });
    const client = await RawClient.open(await listen(server));
    const asked = [];
    for (let round = 0; round < 5; round++) asked.push(await ask(client));
    expect(kept.map(bytesOf)).toEqual(asked.map((bytes) => ({ ...bytes, ended: true })));
    await client.end();
  });
});

test('a stream without counters is counted like a socket, and no fault is told of', async () => {
  const warnings: string[] = [];
  const server = createServer(hello);
  const one = monitor({ servers: [server], warn: (message) => warnings.push(message) });
  const stream = new DuplexStream({ read() {}, write: (_chunk, _encoding, callback) => callback() });
  server.emit('connection', stream);
  stream.push(get);
  await vi.waitFor(() => expect(endpointsOf(one).in).toBe(get.length));
  stream.destroy();
  await vi.waitFor(() => expect(one.snapshot().open.connections).toBe(0));
  expect(warnings).toEqual([]);
});

test('a stream without counters that takes several writes at once is counted by their sum', async () => {
  const server = createServer((request, response) => {
    setEndpoint(request, '/');
    response.writeHead(200, { 'content-length': '12' });
    response.write('hello ');
    response.end('again\n');
  });
  const one = monitor({ servers: [server] });
  let taken = 0;
  const stream = new DuplexStream({
    read() {},
    write: (chunk, _encoding, callback) => {
      taken += chunk.length;
      callback();
    },
    writev: (chunks, callback) => {
      for (const { chunk } of chunks) taken += chunk.length;
      callback();
    },
  });
  server.emit('connection', stream);
  stream.push(get);
  await vi.waitFor(() => expect(taken).toBeGreaterThan(12));
  stream.destroy();
  await vi.waitFor(() => expect(one.snapshot().open.connections).toBe(0));
  expect(endpointsOf(one).out).toBe(taken);
});
