import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createSecureServer, createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { lacksRoot } from '../../../e2e/support/needs.ts';
import { setEndpoint } from '../src/index.ts';
import { makeCertificate } from './support/certificate.ts';
import { FrameRelay } from './support/frame-relay.ts';
import { MonitoredServer } from './support/monitored-server.ts';

const run = promisify(execFile);
const missing = lacksRoot({ curl: 'curl', h2load: 'nghttp2-client' });

/** What one stream's frames may be off by: the bound that docs/ACCURACY.md states. */
const bound = 78;
/** Clients have windows of their own, and tell the server to go on as they like. */
const updates = 0.002;

/** Something of 3 MB to send. */
let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weighbridge-upload-'));
  file = join(folder, 'file');
  writeFileSync(file, Buffer.alloc(3_000_000, 'u'));
});

afterAll(() => rmSync(folder, { recursive: true }));

let monitored: MonitoredServer;
let relay: FrameRelay;

afterEach(async () => {
  await relay.stop();
  monitored.server.close();
  monitored.monitor.stop();
});

const answer = (request: Http2ServerRequest, response: Http2ServerResponse) => {
  const [path, size = '5'] = request.url.split('?');
  setEndpoint(request, path as string);
  request.resume().on('end', () => response.end(Buffer.alloc(Number(size))));
};

async function serve(server: Server = createServer(answer) as unknown as Server): Promise<string> {
  monitored = await MonitoredServer.start(() => {}, {}, server);
  relay = await FrameRelay.start(monitored.port);
  return `${'getTicketKeys' in server ? 'https' : 'http'}://127.0.0.1:${relay.port}`;
}

/** All exchanges are whole, and as long as the frames that the relay has read. */
async function expectWhole(method: string, path: string, exchanges: number): Promise<void> {
  await vi.waitFor(() => expect(monitored.endpoint(method, path).exchanges).toBe(exchanges), { timeout: 5000 });
  await monitored.drained();
  const { aborted, requestBytes, responses } = monitored.endpoint(method, path);
  const truth = { in: 0, out: 0, dataIn: 0, dataOut: 0 };
  for (const [id, stream] of relay.streams) {
    if (id === 0) continue;
    truth.in += stream.in;
    truth.out += stream.out;
    truth.dataIn += stream.dataIn;
    truth.dataOut += stream.dataOut;
  }
  expect({ aborted, statuses: responses.map(({ status }) => status) }).toEqual({ aborted: 0, statuses: ['200'] });
  const out = responses[0]?.bytes as number;
  expect(requestBytes).toBeGreaterThanOrEqual(truth.dataIn);
  expect(out).toBeGreaterThanOrEqual(truth.dataOut);
  expect(Math.abs(requestBytes - truth.in)).toBeLessThanOrEqual(exchanges * bound + truth.dataOut * updates);
  expect(Math.abs(out - truth.out)).toBeLessThanOrEqual(exchanges * bound + truth.dataIn * updates);
  const { connection, balanced } = monitored.monitor.snapshot();
  expect({ balanced, connection }).toEqual({ balanced: true, connection: relay.total });
}

describe.skipIf(missing)('clients beside Node’s own', () => {
  const quiet = ['-sS', '-o', '/dev/null'];

  test('curl: downloads, each on a connection of its own', async () => {
    const url = await serve();
    const clear = [...quiet, '--http2-prior-knowledge'];
    for (const size of [0, 5, 20_000, 400_000, 3_000_000]) await run('curl', [...clear, `${url}/curl?${size}`]);
    await expectWhole('GET', '/curl', 5);
  }, 30_000);

  test('curl: uploads with and without a length', async () => {
    const url = await serve();
    const body = [...quiet, '--http2-prior-knowledge', '--data-binary', `@${file}`];
    await run('curl', [...body, `${url}/upload`]);
    await run('curl', [...body, '-H', 'Content-Length:', `${url}/upload`]);
    await expectWhole('POST', '/upload', 2);
  }, 30_000);

  // Curl 7.88, which Debian 12 has, fails to use a connection in clear twice; over TLS nobody can read the frames.
  test('curl: one connection, over TLS: each download is whole', async () => {
    const url = await serve(createSecureServer({ ...makeCertificate() }, answer) as unknown as Server);
    const urls = Array.from({ length: 20 }, (_, index) => [...quiet, `${url}/curl?${index * 20_000}`]).flat();
    await run('curl', ['-k', '--http2', ...urls]);
    await run('curl', ['-k', '--http2', '--parallel', ...urls]);
    await vi.waitFor(() => expect(monitored.endpoint('GET', '/curl').exchanges).toBe(40));
    await monitored.drained();
    const { aborted, responses } = monitored.endpoint('GET', '/curl');
    const data = 2 * 20_000 * ((20 * 19) / 2);
    expect(aborted).toBe(0);
    expect(responses[0]?.bytes).toBeGreaterThanOrEqual(data);
    expect(responses[0]?.bytes).toBeLessThanOrEqual(data * 1.005 + 40 * 2 * bound);
    const { connection } = monitored.monitor.snapshot();
    // The server's last alert may come when the client has gone.
    expect(connection.in).toBe(relay.total.in);
    expect(connection.out).toBeGreaterThanOrEqual(relay.total.out);
    expect(connection.out).toBeLessThanOrEqual(relay.total.out + 24 * relay.sockets.length);
  }, 30_000);

  test.each([1, 20])(
    'h2load: 500 requests, %i at once on each of 5 connections',
    async (streams) => {
      const url = await serve();
      await run('h2load', ['-n', '500', '-c', '5', '-m', String(streams), `${url}/load?3000`]);
      await expectWhole('GET', '/load', 500);
    },
    30_000,
  );
});
