import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setEndpoint } from '../src/index.ts';
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
