import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { monitorBandwidth } from '../src/index.ts';
import { Largest } from '../src/ledger/largest.ts';
import { TransferRates } from '../src/listener/transfer-rates.ts';
import { MonitoredServer } from './support/monitored-server.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(listener: (request: IncomingMessage, response: ServerResponse) => void) {
  const monitored = await MonitoredServer.start(listener, {
    endpoints: ['/files/:name', '/uploads/:name'],
    clientOf: ({ headers }) => headers['x-client'] as string | undefined,
  });
  stops.push(() => monitored.stop());
  return monitored;
}

/** Asks, and resolves once the response's head is there; its body is left in the socket. */
async function ask(
  port: number,
  path: string,
  headers: Record<string, string | number> = {},
): Promise<IncomingMessage> {
  const request = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  stops.push(() => response.destroy());
  return response;
}

describe('transfers under way', () => {
  test.each([
    ['setHeader', (response: ServerResponse) => response.setHeader('Content-Length', 1e7)],
    ['writeHead', (response: ServerResponse) => response.writeHead(200, { 'Content-Length': 1e7 })],
  ])('a download has what was sent, and the length that %s announced', async (_, announce) => {
    const monitored = await start((_request, response) => {
      announce(response);
      response.write(Buffer.alloc(50_000));
    });
    const response = await ask(monitored.port, '/files/a', { 'x-client': 'acme' });
    await once(response, 'readable');
    const { transfers, inFlight } = monitored.monitor.openExchanges();
    expect(transfers).toMatchObject([{ method: 'GET', endpoint: '/files/:name', client: 'acme', responseLength: 1e7 }]);
    expect(transfers[0]?.out).toBeGreaterThan(50_000);
    expect(transfers[0]?.requestLength).toBeUndefined();
    expect(inFlight).toEqual([{ method: 'GET', endpoint: '/files/:name', count: 1 }]);
    expect(monitored.monitor.openExchanges().transfers[0]?.id).toBe(transfers[0]?.id);
  });

  test('an upload has what was received, and the length of its head', async () => {
    const monitored = await start((request) => void request.resume());
    const upload = httpRequest({
      host: '127.0.0.1',
      port: monitored.port,
      method: 'PUT',
      path: '/uploads/a',
      headers: { 'content-length': 1e6 },
      agent: false,
    });
    upload.on('error', () => {});
    stops.push(() => upload.destroy());
    upload.write(Buffer.alloc(200_000));
    await expect.poll(() => monitored.monitor.openExchanges().transfers[0]?.in ?? 0).toBeGreaterThan(200_000);
    expect(monitored.monitor.openExchanges().transfers).toMatchObject([
      { method: 'PUT', endpoint: '/uploads/:name', requestLength: 1e6, out: 0 },
    ]);
  });

  test('the largest come first, and no more than were asked for; an ended one is gone', async () => {
    const responses: ServerResponse[] = [];
    const monitored = await start((request, response) => {
      responses.push(response);
      response.write(Buffer.alloc(Number(request.headers['x-bytes'])));
    });
    for (const bytes of [10_000, 30_000, 20_000]) await ask(monitored.port, '/files/a', { 'x-bytes': bytes });
    const sizes = () => monitored.monitor.openExchanges(2).transfers.map(({ out }) => Math.floor(out / 10_000));
    await expect.poll(sizes).toEqual([3, 2]);
    responses[1]?.end();
    await expect.poll(sizes).toEqual([2, 1]);
  });

  test('a stream of HTTP/2 has its length too', async () => {
    const server = createHttp2Server((_request, response) => {
      response.writeHead(200, { 'content-length': 1e6 });
      response.write(Buffer.alloc(10_000));
    });
    const monitor = monitorBandwidth({ servers: [server], endpoints: ['/files/:name'] });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    stops.push(
      () => monitor.stop(),
      () => server.close(),
      () => session.destroy(),
    );
    await once(session.request({ ':path': '/files/a' }), 'response');
    await expect
      .poll(() => monitor.openExchanges().transfers)
      .toMatchObject([{ endpoint: '/files/:name', responseLength: 1e6 }]);
  });
});

describe('one endpoint', () => {
  test('has statuses, sizes, what is in flight, and its clients', async () => {
    const monitored = await start((request, response) => {
      if (request.headers['x-stay']) return void response.write('x');
      response.writeHead(request.headers['x-client'] === 'late' ? 404 : 200);
      response.end(Buffer.alloc(Number(request.headers['x-bytes'] ?? 0)));
    });
    for (const [client, bytes] of [
      ['acme', 5000],
      ['acme', 500_000],
      ['late', 100],
    ] as const)
      (await ask(monitored.port, '/files/a', { 'x-client': client, 'x-bytes': bytes })).resume();
    await monitored.drained();
    await ask(monitored.port, '/files/b', { 'x-stay': 'yes' });
    const details = monitored.monitor.endpoint('GET', '/files/:name');
    expect(details).toMatchObject({ exchanges: 3, aborted: 0, inFlight: 1 });
    expect(details?.responses.map(({ status, exchanges }) => [status, exchanges])).toEqual([
      ['200', 2],
      ['404', 1],
    ]);
    const [first, second] = details?.clients ?? [];
    expect([first?.client, second?.client]).toEqual(['acme', 'late']);
    const { clients } = monitored.monitor.snapshot();
    expect(details?.clients.map(({ out }) => out)).toEqual(clients.map(({ out }) => out));
    // Between 1 kB and 10 kB lies the middle one of three, and the largest below 1 MB.
    expect(details?.responseSizes?.p50).toBeGreaterThan(1000);
    expect(details?.responseSizes?.p50).toBeLessThan(10_000);
    expect(details?.responseSizes?.p95).toBeGreaterThan(100_000);
    expect(details?.responseSizes?.p95).toBeLessThan(1_000_000);
    expect(monitored.monitor.endpoint('GET', '/nowhere')).toBeUndefined();
  });
});

describe('rates of transfers', () => {
  const transfer = { id: 'a', method: 'GET', in: 100, out: 1000, responseLength: 9000 };
  let nowMs = 0;
  const rates = () =>
    new TransferRates(
      ({ job }: { job?: string }) => (job ? { job } : {}),
      () => nowMs,
    );

  test('are by what had moved when somebody asked before', () => {
    const own = rates();
    expect(own.toJson([transfer])).toEqual([transfer]);
    nowMs += 2000;
    expect(own.toJson([{ ...transfer, out: 5000 }])).toEqual([{ ...transfer, out: 5000, rate: 2000, secondsLeft: 2 }]);
    // Another page asks at almost the same time.
    nowMs += 10;
    expect(own.toJson([{ ...transfer, out: 5001 }])[0]?.rate).toBe(2000);
  });

  test('are forgotten with the transfer, and after a long pause', () => {
    const own = rates();
    own.toJson([transfer]);
    own.toJson([]);
    nowMs += 1000;
    expect(own.toJson([transfer])[0]?.rate).toBeUndefined();
    nowMs += 20_000;
    expect(own.toJson([{ ...transfer, out: 9000 }])[0]?.rate).toBeUndefined();
  });

  test('of what announced no length, no time is left over; and the request is never told', () => {
    const own = rates();
    const request = { job: '7' };
    const unknown = { id: 'b', method: 'PUT', in: 0, out: 0, request };
    own.toJson([unknown]);
    nowMs += 1000;
    expect(own.toJson([{ ...unknown, in: 500 }])).toEqual([
      { id: 'b', method: 'PUT', in: 500, out: 0, job: '7', rate: 500 },
    ]);
  });
});

test('of many things the largest few are kept, in order', () => {
  const largest = new Largest<number>(3);
  for (const number of [5, 1, 9, 7, 3, 9]) largest.add(number, number);
  expect(largest.items()).toEqual([9, 9, 7]);
  const none = new Largest<number>(0);
  none.add(1, 1);
  expect(none.items()).toEqual([]);
});

test('a server that nobody monitors has nothing under way', () => {
  const monitor = monitorBandwidth({ servers: [createServer()] });
  expect(monitor.openExchanges()).toEqual({ transfers: [], inFlight: [] });
  monitor.stop();
});
