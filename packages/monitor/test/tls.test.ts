import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { monitorBandwidth, setEndpoint } from '../src/index.ts';
import { makeCertificate } from './support/certificate.ts';
import { MonitoredServer } from './support/monitored-server.ts';
import { RawClient } from './support/raw-client.ts';

let certificate: { key: Buffer; cert: Buffer };
beforeAll(() => {
  certificate = makeCertificate();
});

let running: MonitoredServer | undefined;
afterEach(async () => {
  await running?.stop();
  expect(running?.monitor.snapshot().balanced).toBe(true);
  running = undefined;
});

async function serve(): Promise<MonitoredServer> {
  const server = createServer(certificate, (request, response) => {
    setEndpoint(request, request.url as string);
    response.end('x'.repeat(50_000));
  });
  running = await MonitoredServer.start(() => {}, {}, server as never);
  return running;
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
  test('records are their exchange, the handshake is none', async () => {
    const server = await serve();
    const raw = connect(server.port, '127.0.0.1');
    await once(raw, 'connect');
    const tls = connectTls({ socket: raw, rejectUnauthorized: false, minVersion: version, maxVersion: version });
    await once(tls, 'secureConnect');
    const client = new RawClient(tls);
    // Once the server has answered, tickets have been sent too: from here on only records of exchanges move.
    const ask = async (path: string) => {
      const before = [raw.bytesWritten, raw.bytesRead] as const;
      client.received = '';
      client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await client.until(/x{100}\r?\n?$/);
      while (client.received.length < 50_000) await once(tls, 'data');
      return [raw.bytesWritten - before[0], raw.bytesRead - before[1]];
    };
    await ask('/first');
    // 32 bytes of plaintext, and what the record adds: the end of the handshake, sent with it, is not in it.
    const around = version === 'TLSv1.3' ? 22 : 29;
    const first = server.endpoint('GET', '/first');
    expect(first.requestBytes).toBe(32 + around);
    // Nor are the tickets, which leave together with the answer: one write, records of 16 KiB.
    expect(first.responses[0]?.bytes).toBe(tls.bytesRead + Math.ceil(tls.bytesRead / 16_384) * around);
    const moved = await ask('/second');
    const row = server.endpoint('GET', '/second');
    expect([row.requestBytes, row.responses[0]?.bytes]).toEqual(moved);
    const { unattributed, connection } = server.monitor.snapshot();
    expect(unattributed.tls_handshake.in).toBeGreaterThan(100);
    expect(connection).toEqual({ in: raw.bytesWritten, out: raw.bytesRead });
    tls.destroy();
    raw.destroy();
  });
});

test('plain text to a TLS port is a TLS failure', async () => {
  const server = await serve();
  const client = await RawClient.open(server.port);
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.closed();
  await server.drained();
  expect(server.monitor.snapshot().unattributed.tls_failure).toEqual({
    in: client.socket.bytesWritten,
    out: client.socket.bytesRead,
  });
});

test('a malformed request over TLS is unattributed by its reason', async () => {
  const server = await serve();
  const tls = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(tls, 'secureConnect');
  const client = new RawClient(tls);
  client.send('NONSENSE\r\n\r\n');
  await client.closed();
  await server.drained();
  // One record of TLS 1.3: 12 bytes of plaintext and 22 around them.
  expect(server.monitor.snapshot().unattributed.malformed.in).toBe(12 + 22);
});

/** Over a socket whose bytes can be counted, and what it can be asked through. */
async function open(server: MonitoredServer): Promise<{ raw: Socket; tls: TLSSocket; client: RawClient }> {
  const raw = connect(server.port, '127.0.0.1');
  const tls = connectTls({ socket: raw, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
  await once(tls, 'secureConnect');
  return { raw, tls, client: new RawClient(tls) };
}

/** One exchange, up to the end of its body. */
async function ask({ client, tls }: { client: RawClient; tls: TLSSocket }, path: string): Promise<void> {
  client.received = '';
  client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  while (!client.received.endsWith('x'.repeat(50_000))) await once(tls, 'data');
}

const around = 22;
const request = 'GET /1 HTTP/1.1\r\nHost: x\r\n\r\n'.length;
/** What the records of an answer add to it: the head leaves with the body, in one write. */
const aroundAnswer = (bytes: number) => Math.ceil(bytes / 16_384) * around;

test('the overhead of each exchange stands as soon as it has ended', async () => {
  const server = await serve();
  const connection = await open(server);
  await ask(connection, '/1');
  const answer = connection.client.received.length;
  const before = server.monitor.snapshot().tlsOverhead;
  for (const path of ['/2', '/3']) await ask(connection, path);
  expect(server.monitor.snapshot().tlsOverhead).toEqual({
    in: before.in + 2 * around,
    out: before.out + 2 * aroundAnswer(answer),
  });
  connection.tls.destroy();
  await server.drained();
  const { tlsOverhead, connection: moved } = server.monitor.snapshot();
  expect(tlsOverhead).toEqual({ in: moved.in - 3 * request, out: moved.out - 3 * answer });
});

test('a monitor that starts late counts of a connection what follows, its overhead too', async () => {
  const server = await serve();
  const connection = await open(server);
  await ask(connection, '/1');
  server.monitor.stop();
  const late = monitorBandwidth({ servers: [server.server] });
  const { raw, client } = connection;
  const before = [raw.bytesWritten, raw.bytesRead] as const;
  await ask(connection, '/2');
  const { endpoints, tlsOverhead, unattributed, connection: moved } = late.snapshot();
  expect(moved).toEqual({ in: raw.bytesWritten - before[0], out: raw.bytesRead - before[1] });
  expect(endpoints.map(({ endpoint, requestBytes }) => [endpoint, requestBytes])).toEqual([['/2', request + around]]);
  expect(tlsOverhead).toEqual({ in: around, out: aroundAnswer(client.received.length) });
  expect(unattributed.tls_handshake).toEqual({ in: 0, out: 0 });
  connection.tls.destroy();
  late.stop();
});

test('the handshake of a connection that begins with an upgrade is not the tunnel’s', async () => {
  const server = await serve();
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
  server.server.on('upgrade', (upgraded, socket) => {
    setEndpoint(upgraded, '/chat');
    socket.write(switching);
    socket.pipe(socket);
  });
  const { raw, tls, client } = await open(server);
  const upgrade = 'GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
  client.send(upgrade);
  await client.until(/\r\n\r\n/);
  client.send('ping');
  await client.until(/ping/);
  const row = server.endpoint('GET', '/chat');
  const own = { in: upgrade.length + 4 + 2 * around, out: switching.length + 4 + 2 * around };
  expect({ in: row.requestBytes, out: row.responses[0]?.bytes }).toEqual(own);
  expect(server.monitor.snapshot().unattributed.tls_handshake).toEqual({
    in: raw.bytesWritten - own.in,
    out: raw.bytesRead - own.out,
  });
  tls.destroy();
});

test('of a connection that ends with its first answer, the tickets are not the exchange’s', async () => {
  const server = await serve();
  const { raw, tls, client } = await open(server);
  client.send('GET /1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await client.closed();
  await server.drained();
  const bytes = server.endpoint('GET', '/1').responses[0]?.bytes as number;
  const { unattributed, connection } = server.monitor.snapshot();
  expect(bytes).toBe(tls.bytesRead + aroundAnswer(tls.bytesRead));
  // An alert of 2 bytes closes the connection.
  expect(unattributed.idle.out).toBe(2 + around);
  expect(unattributed.tls_handshake.out).toBe(connection.out - bytes - (2 + around));
  expect(connection.out).toBe(raw.bytesRead);
});
