import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { lacksRoot } from '../../../../e2e/support/needs.ts';
import { nodeBinary, nodeVersions } from './outside/node-binaries.ts';
import { PacketCounters } from './outside/packet-counters.ts';

const missing = lacksRoot({ nft: 'nftables', ip: 'iproute2', wrk: 'wrk', h2load: 'nghttp2-client' });
const program = fileURLToPath(new URL('outside/load-server.ts', import.meta.url));
const port = 10_000;
const clients = 20;
// Small enough that no kernel's buffer overflows: nftables would count what is sent again, and longer headers.
const sizes = [10, 1000, 3000];

interface Totals {
  readonly connection: { readonly in: number; readonly out: number };
  readonly exchanges: number;
  readonly aborted: number;
  readonly balanced: boolean;
}

/** Runs a server on a Node and one load after another in a network namespace; what both sides counted. */
async function measure(version: string, load: (url: string) => string[], protocol = 'http1') {
  const namespace = `weighbridge-load-${process.pid}`;
  execFileSync('ip', ['netns', 'add', namespace]);
  const inside = ['netns', 'exec', namespace];
  try {
    execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    const counters = new PacketCounters(namespace, port);
    const server = spawn('ip', [...inside, nodeBinary(version), program, String(port), protocol], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: server.stdout });
    await once(lines, 'line');
    for (const size of sizes) {
      const command = load(`http://127.0.0.1:${port}/?size=${size}`);
      execFileSync('ip', [...inside, ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
    }
    server.stdin.write('end\n');
    const [line] = (await once(lines, 'line')) as [string];
    return { totals: JSON.parse(line) as Totals, counted: counters.payload() };
  } finally {
    execFileSync('ip', ['netns', 'delete', namespace]);
  }
}

describe.skipIf(missing).each(nodeVersions)('under load, on Node %s', (version) => {
  test('totals equal what nftables counted, of clients that end what they began', async () => {
    const { totals, counted } = await measure(version, (url) => [
      'h2load',
      '--h1',
      '-n',
      '20000',
      '-c',
      `${clients}`,
      url,
    ]);
    expect(totals).toEqual({ balanced: true, exchanges: sizes.length * 20_000, aborted: 0, connection: counted });
  }, 120_000);

  test('totals are what nftables counted, over HTTP/2', async () => {
    const load = (url: string) => ['h2load', '-n', '20000', '-c', `${clients}`, '-m', '10', url];
    const { totals, counted } = await measure(version, load, 'http2');
    const { balanced, aborted, exchanges, connection } = totals;
    expect({ balanced, aborted, exchanges }).toEqual({ balanced: true, aborted: 0, exchanges: sizes.length * 20_000 });
    // h2load hangs up first: the server's GOAWAY, of 17 bytes, meets a closed port, and headers there are shorter.
    const most = 20 * sizes.length * clients;
    expect(Math.abs(counted.in - connection.in)).toBeLessThanOrEqual(most);
    expect(Math.abs(counted.out - connection.out)).toBeLessThanOrEqual(most);
  }, 120_000);

  test('wrk hangs up under way: totals differ by what was on its way then', async () => {
    const { totals, counted } = await measure(version, (url) => ['wrk', '-t1', `-c${clients}`, '-d2s', url]);
    const { balanced, connection, exchanges } = totals;
    expect({ balanced, isBusy: exchanges > 5000 }).toEqual({ balanced: true, isBusy: true });
    // A request that nobody read; a response whose write failed half-way.
    const [mostIn, mostOut] = [
      sizes.length * clients * 200,
      sizes.reduce((sum, size) => sum + clients * (size + 300), 0),
    ];
    expect(Math.abs(counted.in - connection.in)).toBeLessThanOrEqual(mostIn);
    expect(Math.abs(counted.out - connection.out)).toBeLessThanOrEqual(mostOut);
  }, 120_000);
});
