import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { installFolder } from '../../../../scripts/install-folder.ts';
import { makeCertificate } from '../support/certificate.ts';
import { FrameRelay } from '../support/frame-relay.ts';
import { BesideApp } from './beside-app.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);

let temporary: string;
let certificate: string;
const apps: BesideApp[] = [];

beforeAll(() => {
  installFolder(folder);
  temporary = mkdtempSync(join(tmpdir(), 'weighbridge-beside-'));
  certificate = join(temporary, 'both.pem');
  const { key, cert } = makeCertificate();
  writeFileSync(certificate, Buffer.concat([key, cert]));
});

afterEach(() => {
  for (const app of apps.splice(0)) app.kill();
});

afterAll(() => rmSync(temporary, { recursive: true }));

async function start(name: string, isMonitored: boolean): Promise<BesideApp> {
  const app = await BesideApp.start(name, certificate, isMonitored);
  apps.push(app);
  return app;
}

/** What one client sent and received on its socket, and what it read. */
interface Moved {
  readonly in: number;
  readonly out: number;
  readonly text: string;
}

const close = 'Host: x\r\nConnection: close\r\n';
const requests = [
  `GET /text HTTP/1.1\r\n${close}\r\n`,
  `GET /text HTTP/1.1\r\nAccept-Encoding: gzip\r\n${close}\r\n`,
  `GET /slow HTTP/1.1\r\n${close}\r\n`,
  `GET /missing HTTP/1.1\r\n${close}\r\n`,
  `POST /upload HTTP/1.1\r\n${close}Content-Length: 100000\r\n\r\n${'b'.repeat(100_000)}`,
];

async function ask(raw: Socket, text: string, stream: Socket = raw): Promise<Moved> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.write(text);
  await once(raw, 'close');
  return { in: raw.bytesWritten, out: raw.bytesRead, text: Buffer.concat(chunks).toString('latin1') };
}

async function askAll(port: number): Promise<Moved[]> {
  const all: Moved[] = [];
  for (const request of requests) all.push(await ask(connect(port, '127.0.0.1'), request));
  return all;
}

/** What differs from one answer to the next by itself. */
function comparable({ text }: Moved): string {
  return text.replace(/^date: .*$/im, 'date:');
}

function sum(all: readonly { in: number; out: number }[]): { in: number; out: number } {
  return all.reduce((total, one) => ({ in: total.in + one.in, out: total.out + one.out }), { in: 0, out: 0 });
}

describe.each([
  'express',
  'opentelemetry',
  'express-prom-bundle',
  'compression',
  'helmet',
  'http-proxy',
  'httpolyglot',
])('beside %s', (name) => {
  test('its clients get the same bytes as without the monitor, and each is counted', async () => {
    const without = await askAll((await start(name, false)).port);
    const app = await start(name, true);
    const moved = await askAll(app.port);
    expect(moved.map(comparable)).toEqual(without.map(comparable));
    const { snapshot, isExact } = await app.stop();
    expect(snapshot).toMatchObject({ balanced: true, connection: sum(moved), pending: { in: 0, out: 0 } });
    expect(snapshot?.endpointsTotal).toEqual(sum(moved));
    expect(isExact).toBe(true);
  }, 60_000);
});

test('beside httpolyglot, over TLS on the same port', async () => {
  const app = await start('httpolyglot', true);
  const raw = connect(app.port, '127.0.0.1');
  const secure = connectTls({ socket: raw, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  const moved = await ask(raw, requests[0] as string, secure);
  expect(moved.text).toContain('weighbridge weighbridge');
  const { snapshot } = await app.stop();
  // The last alert of each may come when the other has gone.
  expect(snapshot?.balanced).toBe(true);
  expect(Math.abs((snapshot?.connection.in ?? 0) - moved.in)).toBeLessThanOrEqual(24);
  expect(Math.abs((snapshot?.connection.out ?? 0) - moved.out)).toBeLessThanOrEqual(24);
  expect(snapshot?.endpointsTotal.out).toBeGreaterThan(30_000);
}, 60_000);

test('beside ws: a WebSocket is exact, both ways', async () => {
  const app = await start('ws', true);
  const relay = await FrameRelay.start(app.port);
  const { WebSocket } = require('ws') as typeof import('ws');
  const client = new WebSocket(`ws://127.0.0.1:${relay.port}`);
  await once(client, 'open');
  for (let message = 0; message < 50; message++) {
    client.send('m'.repeat(message * 100));
    await once(client, 'message');
  }
  client.close();
  await once(client, 'close');
  const { snapshot } = await app.stop();
  expect(snapshot).toMatchObject({ balanced: true, connection: relay.total, endpointsTotal: relay.total });
  await relay.stop();
}, 60_000);

test('beside undici: pipelined requests are exact in their sum, sent and received', async () => {
  const app = await start('undici pipelining', true);
  const relay = await FrameRelay.start(app.port);
  const { Client } = require('undici') as {
    Client: new (
      url: string,
      options: object,
    ) => { request(options: object): Promise<{ body: { text(): Promise<string> } }>; close(): Promise<void> };
  };
  const client = new Client(`http://127.0.0.1:${relay.port}`, { pipelining: 10 });
  const bodies = await Promise.all(
    Array.from({ length: 50 }, async () => (await client.request({ path: '/text', method: 'GET' })).body.text()),
  );
  expect(bodies.every((body) => body.length === 30_000)).toBe(true);
  await client.close();
  const { snapshot } = await app.stop();
  expect(snapshot).toMatchObject({ balanced: true, connection: relay.total, endpointsTotal: relay.total });
  expect(snapshot?.endpoints.map(({ exchanges, aborted }) => [exchanges, aborted])).toEqual([[50, 0]]);
  await relay.stop();
}, 60_000);

test('beside @socket.io/sticky: what the primary hands over is counted by the worker, its first bytes too', async () => {
  const app = await BesideApp.startSticky();
  apps.push(app);
  const moved = [
    await ask(connect(app.port, '127.0.0.1'), `GET /a HTTP/1.1\r\n${close}\r\n`),
    await ask(
      connect(app.port, '127.0.0.1'),
      `POST /a HTTP/1.1\r\n${close}Content-Length: 100000\r\n\r\n${'b'.repeat(100_000)}`,
    ),
  ];
  const workers = await app.stopWorkers();
  expect(sum(workers.map(({ connection }) => connection))).toEqual(sum(moved));
  expect(sum(workers.map(({ endpointsTotal }) => endpointsTotal))).toEqual(sum(moved));
  expect(workers.every(({ balanced }) => balanced)).toBe(true);
}, 60_000);
