import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { imbalance, setEndpoint } from '../src/index.ts';
import { makeCertificate } from './support/certificate.ts';
import { MonitoredServer } from './support/monitored-server.ts';
import { RawClient } from './support/raw-client.ts';

const upgrade = 'GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

let running: MonitoredServer | undefined;
afterEach(async () => {
  const server = running as MonitoredServer;
  expect(imbalance(server.monitor.snapshot())).toEqual({ in: 0, out: 0 });
  await server.stop();
  expect(server.monitor.snapshot()).toMatchObject({ balanced: true, pending: { in: 0, out: 0 } });
});

async function serve(server: Server = createServer((_request, response) => response.end('plain'))) {
  running = await MonitoredServer.start(() => {}, {}, server);
  return running;
}

/** Answers an upgrade or CONNECT with `head`, then sends back what comes. */
function echo(head: string) {
  return (request: IncomingMessage, socket: Duplex, first: Buffer) => {
    setEndpoint(request, '/chat');
    socket.on('error', () => {});
    socket.write(head);
    if (first.length > 0) socket.write(first);
    socket.pipe(socket);
  };
}

function bytesOfRow(server: MonitoredServer, method: string, endpoint: string, status: string) {
  const row = server.endpoint(method, endpoint);
  const response = row.responses.find((each) => each.status === status);
  return { in: row.requestBytes, out: response?.bytes, exchanges: row.exchanges };
}

const moved = ({ socket }: RawClient, exchanges: number) => ({
  in: socket.bytesWritten,
  out: socket.bytesRead,
  exchanges,
});

describe('an upgrade is exact', () => {
  test('both ways, while open and after close', async () => {
    const server = await serve();
    server.server.on('upgrade', echo(switching));
    const client = await RawClient.open(server.port);
    client.send(upgrade);
    await client.until(/\r\n\r\n/);
    expect(bytesOfRow(server, 'GET', '/chat', '101')).toEqual(moved(client, 0));
    client.send('x'.repeat(3000));
    await client.until(/x{3000}/);
    expect(bytesOfRow(server, 'GET', '/chat', '101')).toEqual(moved(client, 0));
    await client.end();
    await server.drained();
    expect(bytesOfRow(server, 'GET', '/chat', '101')).toEqual(moved(client, 1));
    expect(server.endpoint('GET', '/chat').aborted).toBe(0);
  });

  test('after other requests on the same connection, with its first bytes in the same chunk', async () => {
    const server = await serve(
      createServer((request, response) => {
        setEndpoint(request, '/plain');
        response.end('plain');
      }),
    );
    server.server.on('upgrade', echo(switching));
    const client = await RawClient.open(server.port);
    const plain = 'GET /plain HTTP/1.1\r\nHost: x\r\n\r\n';
    client.send(plain);
    await client.until(/plain$/);
    const plainOut = client.socket.bytesRead;
    client.send(`${upgrade}hello`);
    await client.until(/hello$/);
    await client.end();
    await server.drained();
    expect(bytesOfRow(server, 'GET', '/plain', '200')).toEqual({ in: plain.length, out: plainOut, exchanges: 1 });
    expect(bytesOfRow(server, 'GET', '/chat', '101')).toEqual({
      in: upgrade.length + 5,
      out: switching.length + 5,
      exchanges: 1,
    });
  });

  test('that the application refuses', async () => {
    const server = await serve();
    server.server.on('upgrade', (request, socket) => {
      setEndpoint(request, '/chat');
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
    });
    const client = await RawClient.open(server.port);
    client.send(upgrade);
    await client.closed();
    await server.drained();
    expect(bytesOfRow(server, 'GET', '/chat', '401')).toEqual(moved(client, 1));
  });

  test('that the application drops without an answer: status none, aborted', async () => {
    const server = await serve();
    server.server.on('upgrade', (request, socket) => {
      setEndpoint(request, '/chat');
      socket.destroy();
    });
    const client = await RawClient.open(server.port);
    client.send(upgrade);
    await client.closed();
    await server.drained();
    expect(server.endpoint('GET', '/chat')).toMatchObject({
      requestBytes: upgrade.length,
      aborted: 1,
      responses: [{ status: 'none', bytes: 0, exchanges: 1 }],
    });
  });

  test('of a tunnel by CONNECT', async () => {
    const server = await serve();
    server.server.on('connect', echo('HTTP/1.1 200 Connection established\r\n\r\n'));
    const client = await RawClient.open(server.port);
    client.send('CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(/\r\n\r\n/);
    client.send('y'.repeat(3000));
    await client.until(/y{3000}/);
    await client.end();
    await server.drained();
    expect(bytesOfRow(server, 'CONNECT', '/chat', '200')).toEqual(moved(client, 1));
  });
});

test('a WebSocket through ws is exact while it is open', async () => {
  const server = await serve();
  const sockets = new WebSocketServer({ server: server.server });
  sockets.on('connection', (socket, request) => {
    setEndpoint(request, '/ws');
    socket.on('message', (message) => socket.send(message));
  });
  const client = new WebSocket(`ws://127.0.0.1:${server.port}/ws/17`, { perMessageDeflate: false });
  const [[response]] = (await Promise.all([once(client, 'upgrade'), once(client, 'open')])) as [[IncomingMessage], []];
  client.send('z'.repeat(70_000));
  await once(client, 'message');
  expect(bytesOfRow(server, 'GET', '/ws', '101')).toEqual({
    in: response.socket.bytesWritten,
    out: response.socket.bytesRead,
    exchanges: 0,
  });
  client.close();
  await once(client, 'close');
  await server.drained();
  expect(server.endpoint('GET', '/ws')).toMatchObject({ exchanges: 1, aborted: 0 });
});

test('without a listener for upgrades Node answers as ever', async () => {
  const server = await serve();
  const listener = echo(switching);
  server.server.on('upgrade', listener);
  const first = await RawClient.open(server.port);
  await first.end();
  server.server.removeListener('upgrade', listener);
  expect(server.server.listenerCount('upgrade')).toBe(0);
  const client = await RawClient.open(server.port);
  client.send(upgrade);
  await client.until(/plain$/);
  await client.end();
});

test('a CONNECT without a listener belongs to no exchange', async () => {
  const server = await serve();
  const client = await RawClient.open(server.port);
  client.send('CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.closed();
  await server.drained();
  const { unattributedTotal } = server.monitor.snapshot();
  expect(unattributedTotal).toEqual({ in: client.socket.bytesWritten, out: 0 });
});

describe('over TLS', () => {
  let certificate: ReturnType<typeof makeCertificate>;
  beforeAll(() => {
    certificate = makeCertificate();
  });

  test('an upgrade has the records of its bytes', async () => {
    const server = await serve(createSecureServer(certificate) as unknown as Server);
    server.server.on('upgrade', echo(switching));
    const secure = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    const client = new RawClient(secure);
    client.send(upgrade);
    await client.until(/\r\n\r\n/);
    client.send('x'.repeat(1000));
    await client.until(/x{1000}/);
    const row = bytesOfRow(server, 'GET', '/chat', '101');
    // One record each, 22 bytes around it (TLS 1.3); all before is the handshake's.
    expect(row).toEqual({ in: upgrade.length + 1000 + 44, out: switching.length + 1000 + 44, exchanges: 0 });
    await client.end();
    await server.drained();
  });
});
