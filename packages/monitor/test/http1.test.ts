import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bytesOf, type EndpointSnapshot, imbalance, type MonitorOptions, setEndpoint } from '../src/index.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { MonitoredServer } from './support/monitored-server.ts';
import { RawClient } from './support/raw-client.ts';

let running: MonitoredServer | undefined;
afterEach(async () => {
  const server = running;
  running = undefined;
  if (!server) return;
  const snapshot = server.monitor.snapshot();
  expect(imbalance(snapshot)).toEqual({ in: 0, out: 0 });
  await server.stop();
  const rest = server.monitor.snapshot();
  expect(rest.pending).toEqual({ in: 0, out: 0 });
  expect(rest.balanced).toBe(true);
});

const routed =
  (handler: RequestListener): RequestListener =>
  (request, response) => {
    setEndpoint(request, (request.url as string).split('?')[0] as string);
    handler(request, response);
  };

async function serve(handler: RequestListener, options?: MonitorOptions): Promise<MonitoredServer> {
  running = await MonitoredServer.start(routed(handler), options);
  return running;
}

function outOf(row: EndpointSnapshot, status: string): number {
  return row.responses.find((response) => response.status === status)?.bytes ?? -1;
}

/** One connection, one request, to the end: what client and server counted must be the same. */
async function expectExact(handler: RequestListener, request: string, endpoint: [string, string], status: string) {
  const server = await serve(handler);
  const client = await RawClient.open(server.port);
  client.send(request);
  await client.closed();
  await server.drained();
  const row = server.endpoint(...endpoint);
  expect({ in: row.requestBytes, out: outOf(row, status), exchanges: row.exchanges }).toEqual({
    in: client.socket.bytesWritten,
    out: client.socket.bytesRead,
    exchanges: 1,
  });
}

const close = 'Connection: close\r\n';
const hello = (_request: IncomingMessage, response: ServerResponse) => response.end('hello');
const drain = (request: IncomingMessage, response: ServerResponse) =>
  request.resume().on('end', () => response.end('got it'));

describe('one exchange is exact for', () => {
  test('a GET', () => expectExact(hello, `GET /a HTTP/1.1\r\nHost: x\r\n${close}\r\n`, ['GET', '/a'], '200'));
  test('odd header spacing and a leading CRLF', () =>
    expectExact(hello, `\r\nGET /a HTTP/1.1\r\nHost:x\r\nA:    b   \r\n${close}\r\n`, ['GET', '/a'], '200'));
  test('HTTP/1.0', () => expectExact(hello, 'GET /a HTTP/1.0\r\n\r\n', ['GET', '/a'], '200'));
  test('HEAD', () =>
    expectExact(
      (_request, response) => response.writeHead(200, { 'content-length': '1000' }).end(),
      `HEAD /a HTTP/1.1\r\nHost: x\r\n${close}\r\n`,
      ['HEAD', '/a'],
      '200',
    ));
  for (const status of [204, 304]) {
    test(`${status}`, () =>
      expectExact(
        (_request, response) => response.writeHead(status).end(),
        `GET /a HTTP/1.1\r\nHost: x\r\n${close}\r\n`,
        ['GET', '/a'],
        String(status),
      ));
  }
  test('a body with Content-Length', () =>
    expectExact(
      drain,
      `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n${close}\r\n0123456789`,
      ['POST', '/a'],
      '200',
    ));
  test('chunked bodies both ways, with extensions and trailers', () =>
    expectExact(
      (request, response) => {
        request.resume().on('end', () => {
          response.writeHead(200, { trailer: 'x-sum' });
          response.write('a'.repeat(5000));
          response.addTrailers({ 'x-sum': '1' });
          response.end('b');
        });
      },
      `POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n${close}\r\n5;ext=1\r\nhello\r\n0\r\nX-T: 1\r\n\r\n`,
      ['POST', '/a'],
      '200',
    ));
  test('early hints', () =>
    expectExact(
      (_request, response) => response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('x')),
      `GET /a HTTP/1.1\r\nHost: x\r\n${close}\r\n`,
      ['GET', '/a'],
      '200',
    ));
});

test('100-continue is part of the exchange', async () => {
  const server = await serve(drain);
  const client = await RawClient.open(server.port);
  client.send(`POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n${close}\r\n`);
  await client.until(/100 Continue\r\n\r\n/);
  client.send('hello');
  await client.closed();
  await server.drained();
  const row = server.endpoint('POST', '/a');
  expect([row.requestBytes, outOf(row, '200')]).toEqual([client.socket.bytesWritten, client.socket.bytesRead]);
});

test('exchanges on one kept-alive connection stay apart', async () => {
  const server = await serve((request, response) => response.end(request.url));
  const client = await RawClient.open(server.port);
  const sent: number[] = [];
  const got: number[] = [];
  for (let round = 0; round < 50; round++) {
    const before = { sent: client.socket.bytesWritten, got: client.socket.bytesRead };
    client.received = '';
    client.send(`GET /${'x'.repeat(round)}z HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.until(/z$/);
    sent.push(client.socket.bytesWritten - before.sent);
    got.push(client.socket.bytesRead - before.got);
  }
  await client.end();
  await server.drained();
  const rows = server.monitor.snapshot().endpoints;
  expect(rows.map((row) => row.requestBytes)).toEqual(sent);
  expect(rows.map((row) => outOf(row, '200'))).toEqual(got);
});

test('pipelined requests are told apart, also when a head is split', async () => {
  const answers: (() => void)[] = [];
  const server = await serve((request, response) => {
    if (request.url === '/late') answers.push(() => response.end('late'));
    else response.end('now');
  });
  const client = await RawClient.open(server.port);
  const late = 'POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello';
  const second = 'GET /second HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n';
  const third = `GET /third HTTP/1.1\r\nHost: x\r\n${close}\r\n`;
  client.send(late + second + third.slice(0, 20));
  while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  answers[0]?.();
  await client.until(/now$/);
  client.send(third.slice(20));
  await client.closed();
  await server.drained();
  const of = (endpoint: string) => server.endpoint(endpoint === '/late' ? 'POST' : 'GET', endpoint).requestBytes;
  expect([of('/late'), of('/second'), of('/third')]).toEqual([late.length, second.length, third.length]);
  const total = server.monitor.snapshot().endpointsTotal;
  expect(total).toEqual({ in: client.socket.bytesWritten, out: client.socket.bytesRead });
});

test('the beginning of the next head, read with this request, is the next one', async () => {
  const server = await serve(hello);
  const client = await RawClient.open(server.port);
  const first = 'GET /first HTTP/1.1\r\nHost: x\r\n\r\n';
  const second = `GET /second HTTP/1.1\r\nHost: x\r\n${close}\r\n`;
  client.send(first + second.slice(0, 9));
  await client.until(/hello$/);
  expect(server.endpoint('GET', '/first').requestBytes).toBe(first.length);
  expect(server.monitor.snapshot().pending.in).toBe(9);
  client.send(second.slice(9));
  await client.closed();
  await server.drained();
  expect(server.endpoint('GET', '/second').requestBytes).toBe(second.length);
});

test('a body answered early (413) is still its exchange', async () => {
  const server = await serve((_request, response) => response.writeHead(413).end('too large'));
  const client = await RawClient.open(server.port);
  const head = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n';
  client.send(head);
  await client.until(/too large\r\n0\r\n\r\n$/);
  const next = `GET /b HTTP/1.1\r\nHost: x\r\n${close}\r\n`;
  client.send('x'.repeat(1000) + next);
  await client.closed();
  await server.drained();
  expect(server.endpoint('POST', '/a').requestBytes).toBe(head.length + 1000);
  expect(server.endpoint('GET', '/b').requestBytes).toBe(next.length);
});

test('counts bytes already sent when the client aborts', async () => {
  let stop = () => {};
  const server = await serve((_request, response) => {
    response.write('x'.repeat(100_000));
    stop = () => response.destroy();
  });
  const client = await RawClient.open(server.port);
  client.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
  while (client.received.length < 100_000) await once(client.socket, 'data');
  client.socket.resetAndDestroy();
  await server.drained();
  stop();
  const row = server.endpoint('GET', '/a');
  expect(row.aborted).toBe(1);
  expect(outOf(row, '200')).toBeGreaterThanOrEqual(client.socket.bytesRead);
  expect(outOf(row, '200')).toBeLessThan(101_000);
});

test('counts bytes already received when the client aborts its upload', async () => {
  const server = await serve((request) => request.resume());
  const client = await RawClient.open(server.port);
  const sent = `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n${'x'.repeat(5000)}`;
  client.send(sent);
  await client.end();
  await server.drained();
  const row = server.endpoint('POST', '/a');
  expect([row.requestBytes, row.aborted]).toEqual([sent.length, 1]);
  expect(row.responses.map(({ status }) => status)).toEqual(['none']);
});

test('malformed requests are unattributed, with the reply', async () => {
  const server = await serve(hello);
  const client = await RawClient.open(server.port);
  client.send('NONSENSE\r\n\r\n');
  await client.closed();
  await server.drained();
  expect(server.monitor.snapshot().unattributed.malformed).toEqual({
    in: client.socket.bytesWritten,
    out: client.socket.bytesRead,
  });
});

test('a long response grows on its endpoint at every snapshot', async () => {
  let response: ServerResponse | undefined;
  const server = await serve((_request, res) => {
    response = res;
    res.write('start');
  });
  const client = await RawClient.open(server.port);
  client.send(`GET /stream HTTP/1.1\r\nHost: x\r\n${close}\r\n`);
  await client.until(/start/);
  for (let round = 0; round < 5; round++) {
    response?.write(`part ${round};`);
    await client.until(new RegExp(`part ${round};`));
    const row = server.endpoint('GET', '/stream');
    expect([outOf(row, '200'), row.exchanges]).toEqual([client.socket.bytesRead, 0]);
  }
  response?.end();
  await client.closed();
  await server.drained();
  expect(outOf(server.endpoint('GET', '/stream'), '200')).toBe(client.socket.bytesRead);
});

test('a response that stalls counts what the kernel took, not what was submitted', async () => {
  const body = randomBytes(20_000_000);
  const server = await serve((_request, response) => response.end(body));
  const client = await RawClient.open(server.port);
  client.socket.pause();
  client.send(`GET /big HTTP/1.1\r\nHost: x\r\n${close}\r\n`);
  while (server.monitor.snapshot().connection.out === 0) await new Promise((resolve) => setImmediate(resolve));
  const stalled = server.monitor.snapshot();
  expect(stalled.connection.out).toBeLessThan(body.length);
  client.socket.resume();
  await client.closed();
  await server.drained();
  expect(outOf(server.endpoint('GET', '/big'), '200')).toBe(client.socket.bytesRead);
  expect(
    createHash('sha256')
      .update(Buffer.from(client.received.slice(-body.length), 'latin1'))
      .digest('hex'),
  ).toBe(createHash('sha256').update(body).digest('hex'));
});

test('bytesOf is live and stays right after the end', async () => {
  const seen: { in: number; out: number; ended: boolean }[] = [];
  const server = await serve((request, response) => {
    const bytes = bytesOf(request);
    if (bytes) seen.push(bytes);
    response.end('hello');
  });
  const client = await RawClient.open(server.port);
  for (let round = 1; round <= 3; round++) {
    client.received = '';
    client.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(/hello$/);
  }
  await client.end();
  expect(seen.map(({ in: bytesIn, out, ended }) => [bytesIn * 3, out * 3, ended])).toEqual(
    Array(3).fill([client.socket.bytesWritten, client.socket.bytesRead, true]),
  );
});

test.each([
  ['dropped', -1],
  ['doubled', 1],
] as const)('the totals no longer balance when one entry is %s', async (_what, sign) => {
  const monitored = await MonitoredServer.start(routed(hello));
  const add = Ledger.prototype.add;
  const spy = vi.spyOn(Ledger.prototype, 'add').mockImplementationOnce(function (this: Ledger, cell, bytes) {
    if (sign > 0) for (let time = 0; time < 2; time++) add.call(this, cell, bytes);
    return true;
  });
  const client = await RawClient.open(monitored.port);
  const request = `GET /a HTTP/1.1\r\nHost: x\r\n${close}\r\n`;
  client.send(request);
  await client.closed();
  await monitored.drained();
  const snapshot = monitored.monitor.snapshot();
  expect(snapshot.balanced).toBe(false);
  expect(imbalance(snapshot)).toEqual({ in: -sign * client.socket.bytesWritten, out: 0 });
  spy.mockRestore();
  await monitored.stop();
});
