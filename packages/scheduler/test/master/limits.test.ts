import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { toNetwork } from '../../src/master/http/connection-limits.ts';
import { type Running, randomName, sample, sha256, startMaster } from './harness.ts';

let running: Running;
beforeAll(async () => {
  running = await startMaster({
    maxConnections: 40,
    maxConnectionsPerAddress: 20,
    // A tenth of the window, so that a test does not take as long.
    bodyRate: { bytesPerSecond: 1000, windowSeconds: 1 },
  });
});
afterAll(() => running[Symbol.asyncDispose]());

async function openSocket(localAddress = '127.0.0.1'): Promise<Socket> {
  const { port } = new URL(running.apiUrl);
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const put = (name: string, length: number) =>
  `PUT /blobs/${name} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${running.token}\r\ncontent-length: ${length}\r\n\r\n`;

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  return text;
}

describe('a body', () => {
  test('that comes too slowly is cut, and told', async () => {
    const before = sample(await running.scrape(), 'scheduler_slow_bodies_total');
    const socket = await openSocket();
    socket.write(put(sha256('slow'), 100_000));
    const dripping = setInterval(() => socket.write('x'), 50);
    const answer = await textOf(socket);
    clearInterval(dripping);
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(answer).toContain('"code":"body-too-slow"');
    expect(answer).toMatch(/at least 1000 bytes a second, got \d+ in 1 s/);
    expect(sample(await running.scrape(), 'scheduler_slow_bodies_total')).toBe((before ?? 0) + 1);
  });

  test('that comes slowly, but fast enough, is taken', async () => {
    const content = Buffer.alloc(6000, 'y');
    const socket = await openSocket();
    socket.write(put(sha256(content), content.length));
    for (let i = 0; i < content.length; i += 500) {
      socket.write(content.subarray(i, i + 500));
      await delay(250);
    }
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 201 /);
  });
});

describe('connections', () => {
  const countClosed = (sockets: Socket[]) => sockets.filter((socket) => socket.closed).length;

  test('from one address are limited, and others are not harmed', async () => {
    const refused = async () => sample(await running.scrape(), 'scheduler_connections_refused_total{limit="address"}');
    const before = (await refused()) ?? 0;
    const sockets = await Promise.all(Array.from({ length: 25 }, () => openSocket('127.0.0.5')));
    for (const socket of sockets) socket.resume();
    await expect.poll(() => countClosed(sockets)).toBe(5);
    expect(await refused()).toBe(before + 5);
    expect((await running.call('/nodes')).status).toBe(200);
    sockets.find((socket) => !socket.closed)?.destroy();
    await expect.poll(async () => (await openSocket('127.0.0.5')).writable).toBe(true);
  });

  test('are limited in all, and told', async () => {
    const refused = async () => sample(await running.scrape(), 'scheduler_connections_refused_total{limit="total"}');
    const addresses = Array.from({ length: 60 }, (_, n) => `127.0.1.${(n % 10) + 1}`);
    const sockets = await Promise.all(addresses.map(openSocket));
    for (const socket of sockets) socket.resume();
    await expect.poll(() => countClosed(sockets)).toBeGreaterThanOrEqual(20);
    expect(await refused()).toBeGreaterThanOrEqual(20);
  });

  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('of %s count as those of %s', (address, network) => {
    expect(toNetwork(address)).toBe(network);
  });
});

describe('files', () => {
  test('of all jobs together are bounded, told before and as they come', async () => {
    await using bounded = await startMaster({ maxBlobBytes: 30_000_000 });
    const blob = (bytes: number) => {
      const content = Buffer.alloc(bytes, String(bytes));
      return { name: sha256(content), content };
    };
    const put = ({ name, content }: ReturnType<typeof blob>, body: NonNullable<RequestInit['body']> = content) =>
      bounded.call(`/blobs/${name}`, { method: 'PUT', body, duplex: 'half' } as RequestInit);
    const first = blob(20_000_000);
    expect((await put(first)).status).toBe(201);
    const refused = await put(blob(11_000_000));
    expect(refused.status).toBe(507);
    expect(await refused.json()).toMatchObject({
      code: 'storage-full',
      detail: 'all blobs may have at most 30000000 bytes (--max-blobs): 20000000 are there, and 11000000 would come',
    });
    // Without a length it is seen as it comes.
    const large = blob(60_000_000);
    expect((await put(large, new Blob([large.content]).stream())).status).toBe(507);
    expect(await readdir(join(bounded.dataDir, 'blobs', 'incoming'))).toEqual([]);
    expect(sample(await bounded.scrape(), 'scheduler_blob_bytes')).toBe(20_000_000);
    // What is there already is no more.
    expect((await put(first)).status).toBe(200);
    expect((await put(blob(9_000_000))).status).toBe(201);
  });

  test('and the disk have gauges', async () => {
    const exposition = await running.scrape();
    expect(sample(exposition, 'scheduler_storage_free_bytes')).toBeGreaterThan(0);
    expect(sample(exposition, 'scheduler_storage_reserve_bytes')).toBe(256_000_000);
    await expect.poll(async () => sample(await running.scrape(), 'scheduler_store_bytes')).toBeGreaterThan(1_000_000);
  });
});

test('what a job says is bounded, and the way out is told', async () => {
  const submit = (job: object) => running.post('/jobs', { queue: randomName(), command: 'echo', ...job });
  const inParts = Array(4).fill('x'.repeat(32_000));
  for (const args of [inParts, ['x'.repeat(128_000)]]) {
    expect((await submit({ args })).status).toBe(201);
    const response = await submit({ args, env: { LONG: 'y'.repeat(4000) } });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      code: 'too-large',
      detail:
        'command, args and env of body must be at most 131072 bytes together, got 132008; send what is longer as an input file (--input)',
    });
  }
});
