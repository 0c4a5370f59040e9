import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { imbalance, setEndpoint } from '../src/index.ts';
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

test('an upgrade is exact both ways, while open and after close', async () => {
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
