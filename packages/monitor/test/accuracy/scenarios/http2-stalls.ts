import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { ClientHttp2Stream, ServerHttp2Stream } from 'node:http2';
import { closed, type Http2Peer, type StreamLabels } from '../http2-peer.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { clear, finishHttp2, type Http2Handler, ok, playHttp2 } from './http2-streams.ts';

/** A window for the connection that never stalls; each stream stalls after its own 65,535 bytes. */
const connectionWindow = 2 ** 26;
/** By so much a stream that is open may be off: its own frames, and those of the session. */
const liveBound = 160;

/** The streams that the server has open, by path, so that it can cut them. */
type Open = Map<string, ServerHttp2Stream>;

const answering =
  (open: Open, bytes: number): Http2Handler =>
  (request, response) => {
    response.stream.on('error', () => {});
    open.set(request.url, response.stream);
    // One write: Node tells nothing of it until it is through.
    response.end(Buffer.alloc(request.url.startsWith('/stalled') ? bytes : 20_000));
  };

/** A response that nobody reads, until no more of it may be sent. */
async function stall(peer: Http2Peer, path: string): Promise<ClientHttp2Stream> {
  const stream = peer.open(path);
  await once(stream, 'response');
  await peer.quiet();
  return stream;
}

/** While it stalls, a stream is counted as far as it got. */
async function expectLive(stage: Stage, peer: Http2Peer, path: string, id: number): Promise<void> {
  const near = (actual: number) => Math.abs(actual - peer.relay.of(id).out) <= liveBound;
  await stage.until(`${path} as long as ${peer.relay.of(id).out}`, ({ endpoints }) =>
    endpoints.some(({ endpoint, responses }) => endpoint === path && near(responses[0]?.bytes ?? 0)),
  );
}

/** Others end while one stalls. */
async function expectEnded(stage: Stage, exchanges: number): Promise<void> {
  await stage.until(`${exchanges} others ended`, ({ endpoints }) =>
    endpoints.some((row) => row.endpoint === '/other' && row.exchanges === exchanges),
  );
}

async function fetchOthers(peer: Http2Peer, count: number): Promise<[number, StreamLabels][]> {
  const streams = await Promise.all(Array.from({ length: count }, () => peer.fetch('/other')));
  return streams.map((stream) => [stream.id as number, ok('/other')]);
}

type Cut = (stream: ClientHttp2Stream, own: ServerHttp2Stream) => void;

/** Ways in which a stalled stream goes, other than by being read. */
const cuts: Record<string, Cut> = {
  'CANCEL by the client': (stream) => stream.close(8),
  'NO_ERROR by the client': (stream) => stream.close(0),
  'STREAM_CLOSED by the client': (stream) => stream.close(5),
  'destroyed by the server': (_stream, own) => own.destroy(),
  'destroyed by the server with an error': (_stream, own) => own.destroy(new Error('enough')),
  'closed by the server with a code': (_stream, own) => own.close(2),
};

function cutScenario(name: string, cut: Cut): Scenario {
  const open: Open = new Map();
  return {
    name: `HTTP/2: a stalled stream, ${name}, among others`,
    run: (stage) =>
      playHttp2(stage, { handler: answering(open, 5_000_000), connectionWindow }, async (peer) => {
        const stream = await stall(peer, '/stalled');
        const before = await fetchOthers(peer, 100);
        await expectEnded(stage, 100);
        await expectLive(stage, peer, '/stalled', 1);
        const own = open.get('/stalled') as ServerHttp2Stream;
        cut(stream, own);
        await peer.quiet();
        stream.destroy();
        const after = await fetchOthers(peer, 100);
        await expectEnded(stage, 200);
        // Node 22 and 24 keep a stream that the client closed with NO_ERROR until its connection closes.
        own.destroy();
        await peer.quiet();
        return new Map([[1, { ...ok('/stalled'), aborted: true }], ...before, ...after]);
      }),
  };
}

async function readAfterAll(stage: Stage): Promise<void> {
  const handler = answering(new Map(), 3_000_000);
  await playHttp2(stage, { handler, connectionWindow }, async (peer) => {
    const stream = await stall(peer, '/stalled');
    const others = await fetchOthers(peer, 100);
    await expectLive(stage, peer, '/stalled', 1);
    stream.resume();
    await closed(stream);
    return new Map([[1, ok('/stalled')], ...others]);
  });
}

/** Several at once, and each goes another way. */
async function several(stage: Stage): Promise<void> {
  const open: Open = new Map();
  await playHttp2(stage, { handler: answering(open, 2_000_000), connectionWindow }, async (peer) => {
    const [first, second, third] = [
      await stall(peer, '/stalled-1'),
      await stall(peer, '/stalled-2'),
      await stall(peer, '/stalled-3'),
    ];
    const others = await fetchOthers(peer, 20);
    for (const [path, id] of [
      ['/stalled-1', 1],
      ['/stalled-2', 3],
      ['/stalled-3', 5],
    ] as const) {
      await expectLive(stage, peer, path, id);
    }
    first.close(8);
    await closed(first);
    second.resume();
    await closed(second);
    open.get('/stalled-3')?.destroy();
    third.resume();
    await closed(third);
    return new Map([
      [1, { ...ok('/stalled-1'), aborted: true }],
      [3, ok('/stalled-2')],
      [5, { ...ok('/stalled-3'), aborted: true }],
      ...others,
    ]);
  });
}

/** One flows while the other stalls: nobody can tell live how far each got, and both are right in the end. */
async function flowing(stage: Stage): Promise<void> {
  const { largeBytes } = stage.options;
  const handler: Http2Handler = (request, response) => {
    response.end(Buffer.alloc(request.url === '/stalled' ? 3_000_000 : largeBytes / 2));
  };
  await playHttp2(stage, { handler, connectionWindow }, async (peer) => {
    const stream = await stall(peer, '/stalled');
    await peer.fetch('/flowing');
    stream.close(8);
    await peer.quiet();
    return new Map([
      [1, { ...ok('/stalled'), aborted: true }],
      [3, ok('/flowing')],
    ]);
  });
}

/** The whole connection stalls: the client reads nothing of what comes. */
async function connectionStalls(stage: Stage): Promise<void> {
  const handler = answering(new Map(), 1_000_000);
  await playHttp2(stage, { handler }, async (peer) => {
    const streams = [peer.open('/stalled-1'), peer.open('/stalled-2')];
    await Promise.all(streams.map((stream) => once(stream, 'response')));
    await peer.quiet();
    for (const stream of streams) stream.resume();
    await Promise.all(streams.map(closed));
    return new Map([
      [1, ok('/stalled-1')],
      [3, ok('/stalled-2')],
    ]);
  });
}

/** Pings and settings, which belong to no stream, while one stalls. */
async function floods(stage: Stage): Promise<void> {
  const handler = answering(new Map(), 2_000_000);
  await playHttp2(stage, { handler, connectionWindow }, async (peer) => {
    const stream = await stall(peer, '/stalled');
    for (let round = 0; round < 50; round++) {
      await Promise.all(Array.from({ length: 8 }, () => ping(peer)));
      peer.session.settings({ initialWindowSize: 65_535 });
    }
    await peer.quiet();
    const pings = await fetchOthers(peer, 5);
    await expectLive(stage, peer, '/stalled', 1);
    stream.resume();
    await closed(stream);
    return new Map([[1, ok('/stalled')], ...pings]);
  });
}

function ping({ session }: Http2Peer): Promise<void> {
  return new Promise((resolve, reject) => {
    session.ping((error) => (error === null ? resolve() : reject(error)));
  });
}

/** The server says goodbye and ends what is open. */
async function goaway(stage: Stage): Promise<void> {
  const open: Open = new Map();
  await playHttp2(stage, { handler: answering(open, 300_000), connectionWindow }, async (peer) => {
    const stream = await stall(peer, '/stalled');
    open.get('/stalled')?.session?.close();
    await peer.quiet();
    stream.resume();
    await closed(stream);
    return new Map([[1, ok('/stalled')]]);
  });
}

/** The client hangs up, with and without a word. */
async function hangUp(stage: Stage, isReset: boolean): Promise<void> {
  const handler = answering(new Map(), 2_000_000);
  const server = await stage.serve(handler as unknown as RequestListener, { create: clear() });
  const peer = await stage.connectHttp2(server, { connectionWindow });
  await stall(peer, '/stalled');
  const others = await fetchOthers(peer, 10);
  await peer.quiet();
  if (isReset) peer.raw.resetAndDestroy();
  else peer.session.destroy();
  await stage.drained();
  stage.expect(peer.expected(1, { ...ok('/stalled'), aborted: true }));
  for (const [id, labels] of others) stage.expect(peer.expected(id, labels));
  const rest = peer.rest();
  stage.expectRest(rest);
  if (isReset) stage.lose();
  await peer.relay.stop();
}

/** As much as the kernel holds for a client that doesn't read (a reset drops it). */
const sendBufferBytes = 8_000_000;

/** The client allows everything and reads nothing: what waits stands in the kernel, and in Node as one write. */
async function fillSocket(stage: Stage): Promise<Http2Peer> {
  const handler: Http2Handler = (_request, { stream }) => {
    stream.on('error', () => {});
    // Without trailers to come, Node closes the stream as soon as all of it is framed.
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(30_000_000));
  };
  const server = await stage.serve(handler as unknown as RequestListener, { create: clear() });
  const window = 2 ** 31 - 1;
  const peer = await stage.connectHttp2(server, { settings: { initialWindowSize: window }, connectionWindow: window });
  peer.open('/full').resume();
  const out = () => stage.look().connection.out;
  await stage.until('its response has begun', ({ connection }) => connection.out > 0);
  peer.raw.pause();
  for (let before = -1; before !== out(); ) {
    before = out();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stage.until('all that left counts as the stream’s', ({ connection, endpoints }) =>
    endpoints.some(({ responses }) => connection.out - (responses[0]?.bytes ?? 0) <= liveBound),
  );
  return peer;
}

async function resetFullSocket(stage: Stage): Promise<void> {
  const peer = await fillSocket(stage);
  peer.raw.resetAndDestroy();
  await stage.drained();
  const { in: bytesIn, out: arrived } = peer.relay.of(1);
  const labels = { ...ok('/full'), aborted: true };
  stage.expect({ ...labels, in: bytesIn, out: [arrived, arrived + sendBufferBytes] });
  stage.expectRest(peer.rest());
  stage.lose();
  await peer.relay.stop();
}

/** Node's stream is long gone when the client reads on; the exchange ends with its last byte. */
async function readFullSocket(stage: Stage): Promise<void> {
  const peer = await fillSocket(stage);
  expectOpen(stage);
  peer.raw.resume();
  await peer.quiet();
  await finishHttp2(stage, peer, new Map([[1, ok('/full')]]));
}

function expectOpen(stage: Stage): void {
  const { exchanges } = stage.look().open;
  if (exchanges !== 1) throw new Error(`the exchange must be open while it waits, ${exchanges} are`);
}

export const http2StallScenarios: readonly Scenario[] = [
  ...Object.entries(cuts).map(([name, cut]) => cutScenario(name, cut)),
  { name: 'HTTP/2: a stalled stream that is read after all', run: readAfterAll },
  { name: 'HTTP/2: three stalled streams', run: several },
  { name: 'HTTP/2: a stream that flows beside one that stalls', run: flowing },
  { name: 'HTTP/2: a connection that stalls', run: connectionStalls },
  { name: 'HTTP/2: pings and settings while a stream stalls', run: floods },
  { name: 'HTTP/2: GOAWAY while a stream stalls', run: goaway },
  { name: 'HTTP/2: the client resets while the socket is full', wire: 'reset', run: resetFullSocket },
  { name: 'HTTP/2: a full socket that is read after all', run: readFullSocket },
  { name: 'HTTP/2: the client hangs up while a stream stalls', run: (stage) => hangUp(stage, false) },
  { name: 'HTTP/2: the client resets while a stream stalls', wire: 'reset', run: (stage) => hangUp(stage, true) },
];
