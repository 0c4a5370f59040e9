import type { RequestListener } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { perform } from './perform.ts';
import { echoUpgrades, upgrade } from './scenarios/tunnels.ts';
import type { Stage, StageServer } from './stage.ts';
import type { WireClient } from './wire-client.ts';

/** Random sequences of what clients do on one connection; a failing one is made smaller and printed with its seed. */
const runs = Number(process.env.WEIGHBRIDGE_RUNS ?? 2000);

interface Exchange {
  readonly method: 'GET' | 'POST' | 'HEAD' | 'PUT';
  readonly path: string;
  readonly bodyBytes: number;
  readonly isChunked: boolean;
  /** Where the request is cut into writes, as parts of its length. */
  readonly cuts: readonly number[];
  readonly responseBytes: number;
  readonly respond: 'whole' | 'parts' | 'early';
  readonly padding: number;
}

type Ending = 'end' | 'reset in the response' | 'reset in the body' | 'upgrade' | 'malformed' | 'half a head';

interface Sequence {
  readonly exchanges: readonly Exchange[];
  readonly pipelined: readonly Exchange[];
  /** So many exchanges are made before the monitor is told of the server. */
  readonly unwatched: number;
  readonly ending: Ending;
}

const exchange: fc.Arbitrary<Exchange> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT'),
  path: fc.constantFrom('/a', '/b', '/much/longer/path'),
  bodyBytes: fc.oneof(fc.constant(0), fc.nat(200), fc.nat(70_000)),
  isChunked: fc.boolean(),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
  responseBytes: fc.oneof(fc.nat(200), fc.nat(100_000)),
  respond: fc.constantFrom('whole', 'parts', 'early'),
  padding: fc.nat(50),
});

const sequence: fc.Arbitrary<Sequence> = fc.record({
  exchanges: fc.array(exchange, { maxLength: 4 }),
  pipelined: fc.oneof(fc.constant([]), fc.array(exchange, { minLength: 2, maxLength: 4 })),
  unwatched: fc.oneof(fc.constant(0), fc.nat(2)),
  ending: fc.constantFrom<Ending>(
    'end',
    'reset in the response',
    'reset in the body',
    'upgrade',
    'malformed',
    'half a head',
  ),
});

const hasBody = ({ method }: Exchange) => method === 'POST' || method === 'PUT';

function format(one: Exchange): string {
  const head = [
    `${one.method} ${one.path} HTTP/1.1`,
    'Host: x',
    `X-Size: ${one.responseBytes}`,
    `X-Respond: ${one.respond}`,
    `X-Pad: ${'p'.repeat(one.padding)}`,
  ];
  if (!hasBody(one)) return `${head.join('\r\n')}\r\n\r\n`;
  const body = 'b'.repeat(one.bodyBytes);
  if (!one.isChunked) return [...head, `Content-Length: ${body.length}`, '', body].join('\r\n');
  const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
  return [...head, 'Transfer-Encoding: chunked', '', `${chunk}0\r\n\r\n`].join('\r\n');
}

const respond: RequestListener = (request, response) => {
  const size = Number(request.headers['x-size'] ?? 5);
  const answer = () => {
    if (request.headers['x-respond'] !== 'parts') return void response.end('x'.repeat(size));
    response.write('x'.repeat(size >> 1));
    setImmediate(() => response.end('x'.repeat(size - (size >> 1))));
  };
  request.on('error', () => {});
  if (request.headers['x-stay'] !== undefined) return void request.resume();
  if (request.headers['x-half'] !== undefined) return void response.write('x'.repeat(size));
  if (request.headers['x-respond'] !== 'early') return void request.resume().on('end', answer);
  answer();
  request.resume();
};

async function sendCut(client: WireClient, one: Exchange): Promise<void> {
  const text = format(one);
  const places = [...one.cuts.map((cut) => Math.floor(cut * text.length)), text.length].sort((a, b) => a - b);
  let from = 0;
  for (const to of places) {
    if (to > from) await client.send(text.slice(from, to));
    from = to;
  }
}

async function play(stage: Stage, { exchanges, pipelined, unwatched, ending }: Sequence): Promise<void> {
  const server = await stage.serve(
    (request, response) => {
      if (request.headers.host === 'x' && watched) stage.route(request);
      respond(request, response);
    },
    { routed: false, watched: false },
  );
  let watched = false;
  const watch = () => {
    watched = true;
    stage.monitor.watch(server.server);
  };
  echoUpgrades(stage, server.server);
  if (unwatched === 0) watch();
  else stage.lose();
  const client = await stage.connect(server);
  for (const [index, one] of exchanges.entries()) {
    if (!watched && index >= unwatched) watch();
    client.frames.bodiless = one.method === 'HEAD';
    client.mark();
    await sendCut(client, one);
    const { status } = await client.response();
    const { sent, received } = client.mark();
    if (watched)
      stage.expect({ method: one.method, endpoint: one.path, status: String(status), in: sent, out: received });
  }
  client.frames.bodiless = false;
  if (!watched) watch();
  await playPipelined(stage, client, pipelined);
  await playEnding(stage, server, client, ending);
}

/** Lengths are exact where bodies have one. */
async function playPipelined(stage: Stage, client: WireClient, exchanges: readonly Exchange[]): Promise<void> {
  const batch = exchanges.map(
    (one): Exchange => ({ ...one, isChunked: false, respond: 'whole', method: hasBody(one) ? 'POST' : 'GET' }),
  );
  if (batch.length === 0) return;
  await client.send(batch.map(format).join(''));
  for (const one of batch) {
    const { bytes, status } = await client.response();
    const { method, path } = one;
    stage.expect({ method, endpoint: path, status: String(status), in: format(one).length, out: bytes });
  }
}

async function playEnding(stage: Stage, { server }: StageServer, client: WireClient, ending: Ending): Promise<void> {
  client.mark();
  const read = async (bytes: number) => {
    const before = baseIn + bytes;
    await stage.until('it was read', ({ connection }) => connection.in >= before);
  };
  const baseIn = stage.monitor.snapshot().connection.in;
  if (ending === 'end') return client.end();
  if (ending === 'malformed') {
    const sent = await client.send('NONSENSE\r\n\r\n');
    await client.closed();
    return stage.expectRest({ reason: 'malformed', in: sent, out: client.mark().received });
  }
  if (ending === 'half a head') {
    const sent = await client.send('GET /a HTTP/1.1\r\nHo');
    await read(sent);
    await client.reset();
    return stage.expectRest({ reason: 'other', in: sent, out: 0 });
  }
  if (ending === 'reset in the body') {
    const sent = await client.send('POST /a HTTP/1.1\r\nHost: x\r\nX-Stay: 1\r\nContent-Length: 5000\r\n\r\nhello');
    await read(sent);
    await client.reset();
    return stage.expect({ method: 'POST', endpoint: '/a', status: 'none', in: sent, out: 0, aborted: true });
  }
  if (ending === 'reset in the response') {
    const sent = await client.send('GET /a HTTP/1.1\r\nHost: x\r\nX-Half: 1\r\nX-Size: 3000\r\n\r\n');
    await client.chunk(3000);
    await client.reset();
    const out = client.mark().received;
    return stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out, aborted: true });
  }
  if (server.listenerCount('upgrade') === 0) throw new Error('nobody listens for upgrades');
  await client.send(`${upgrade}first`);
  await client.seen('101 Switching');
  await client.send('y'.repeat(1000));
  await client.seen('y'.repeat(1000));
  await client.end();
  const { sent, received } = client.mark();
  stage.expect({ method: 'GET', endpoint: '/chat', status: '101', in: sent, out: received });
}

test(`${runs} random sequences are what their clients saw`, async () => {
  await fc.assert(
    fc.asyncProperty(sequence, fc.boolean(), fc.nat(), async (one, watched, seed) => {
      const scenario = { name: 'random', run: (stage: Stage) => play(stage, one) };
      const { failures } = await perform(scenario, { watched, seed, largeBytes: 0, nextPort: () => 0 });
      expect(failures).toEqual([]);
    }),
    { numRuns: runs, ...(process.env.WEIGHBRIDGE_SEED ? { seed: Number(process.env.WEIGHBRIDGE_SEED) } : {}) },
  );
}, 240_000);
