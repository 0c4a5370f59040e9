import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Scenario } from '../scenario.ts';
import type { ServeOptions, Stage, StageServer } from '../stage.ts';
import type { WireClient } from '../wire-client.ts';

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';

/** Node looks for late connections this often, and finds none until {@link losePatience}. */
const checked: ServeOptions = {
  create: (listener) => createServer({ connectionsCheckingInterval: 20 }, listener),
};

/** From now on every request that is not complete is late. */
function losePatience({ server }: StageServer): void {
  server.headersTimeout = 1;
  server.requestTimeout = 1;
}

/** Sends something incomplete, and is told 408 once the server has read it. */
async function late(stage: Stage, text: string, server: StageServer, client: WireClient): Promise<number> {
  const { in: before } = stage.look().connection;
  const sent = text === '' ? 0 : await client.send(text);
  await stage.until('it was read', ({ connection, open }) => connection.in >= before + sent && open.connections === 1);
  losePatience(server);
  await client.closed();
  return sent;
}

/** Refused without an exchange: all that moved has its reason, Node's own reply too. */
async function refused(stage: Stage, text: string): Promise<void> {
  const client = await stage.connect(await stage.serve((_request, response) => response.end('hello')));
  const sent = await client.send(text);
  await client.closed();
  stage.expectRest({ reason: 'malformed', in: sent, out: client.received });
}

/** A good exchange, then nonsense on the same connection. */
async function refusedLater(stage: Stage): Promise<void> {
  const client = await stage.connect(await stage.serve((_request, response) => response.end('hello')));
  const { sent, received } = await client.ask(get);
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  const rest = await client.send('NONSENSE\r\n\r\n');
  await client.closed();
  stage.expectRest({ reason: 'malformed', in: rest, out: client.received - received });
}

/** Never completes a head. */
async function lateHead(stage: Stage, text: string, first = ''): Promise<void> {
  const server = await stage.serve((_request, response) => response.end('hello'), checked);
  const client = await stage.connect(server);
  if (first !== '') {
    const { sent, received } = await client.ask(first);
    stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  }
  client.mark();
  const sent = await late(stage, text, server, client);
  stage.expectRest({ reason: 'timeout', in: sent, out: client.mark().received });
}

/** The application answers malformed requests itself, or ends the connection without a word. */
async function refusedByApplication(stage: Stage, take: (socket: Duplex) => void): Promise<void> {
  const server = await stage.serve((_request, response) => response.end('hello'));
  server.server.on('clientError', (_error, socket) => take(socket));
  const client = await stage.connect(server);
  const sent = await client.send('NONSENSE\r\n\r\n');
  await client.closed();
  stage.expectRest({ reason: 'malformed', in: sent, out: client.received });
}

/** Nonsense behind a request that is still being answered. */
async function refusedMeanwhile(stage: Stage): Promise<void> {
  const client = await stage.connect(await stage.serve((_request, response) => response.write('half')));
  const sent = await client.send(get);
  await client.seen('half');
  const rest = await client.send('NONSENSE\r\n\r\n');
  await client.closed();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: client.received, aborted: true });
  stage.expectRest({ reason: 'malformed', in: rest, out: 0 });
}

/** Nonsense in the same write as a good request: its answer is out, but Node ends the socket before it says so. */
async function refusedBehind(stage: Stage): Promise<void> {
  const client = await stage.connect(await stage.serve((_request, response) => response.end('hello')));
  const nonsense = 'NONSENSE\r\n\r\n';
  await client.send(get + nonsense);
  await client.closed();
  const aborted = !process.version.startsWith('v22.');
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: get.length, out: client.received, aborted });
  stage.expectRest({ reason: 'malformed', in: nonsense.length, out: 0 });
}

/** A body that breaks off the rules: its exchange keeps what came. */
async function brokenBody(stage: Stage): Promise<void> {
  const server = await stage.serve((request) => void request.on('error', () => {}).resume());
  const client = await stage.connect(server);
  const sent = await client.send(
    'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n',
  );
  await client.closed();
  stage.expect({ method: 'POST', endpoint: '/a', status: 'none', in: sent, out: client.received, aborted: true });
}

/** The body never comes to its end: Node answers 408 itself. */
async function stalledBody(stage: Stage): Promise<void> {
  const server = await stage.serve((request) => void request.on('error', () => {}).resume(), checked);
  const client = await stage.connect(server);
  const sent = await late(stage, 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhello', server, client);
  stage.expect({ method: 'POST', endpoint: '/a', status: 'none', in: sent, out: client.received, aborted: true });
}

/** More head than Node takes: it may close before it has read all. */
async function headTooLarge(stage: Stage): Promise<void> {
  const client = await stage.connect(await stage.serve((_request, response) => response.end('hello')));
  const sent = await client.send(`GET /a HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`);
  await client.closed();
  if (!client.text.startsWith('HTTP/1.1 431 ')) throw new Error(`expected 431, got ${client.text.slice(0, 50)}`);
  stage.expectRest({ reason: 'malformed', in: [16_384, sent], out: client.received });
  stage.lose();
}

async function silent(stage: Stage): Promise<void> {
  const client = await stage.connect(await stage.serve(() => {}));
  await client.end();
}

/** Only blank lines, then gone. */
async function blankLines(stage: Stage): Promise<void> {
  const client = await stage.connect(await stage.serve(() => {}));
  const sent = await client.send('\r\n\r\n');
  await stage.until('they were read', ({ connection }) => connection.in === sent);
  await client.end();
  stage.expectRest({ reason: 'idle', in: sent, out: 0 });
}

export const refusalScenarios: Scenario[] = [
  { name: 'a malformed request', run: (stage) => refused(stage, 'NONSENSE\r\n\r\n') },
  { name: 'a malformed header', run: (stage) => refused(stage, 'GET / HTTP/1.1\r\nA b\r\n\r\n') },
  {
    name: 'a malformed request that the application answers',
    run: (stage) => refusedByApplication(stage, (socket) => void socket.end('HTTP/1.1 400 No\r\n\r\n')),
  },
  {
    name: 'a malformed request that the application drops',
    run: (stage) => refusedByApplication(stage, (socket) => void socket.destroy()),
  },
  { name: 'no Host header', run: (stage) => noHost(stage) },
  {
    name: 'a malformed request after a good one',
    run: refusedLater,
  },
  { name: 'nonsense while a response is under way', run: refusedMeanwhile },
  { name: 'nonsense in one write with a good request', run: refusedBehind },
  { name: 'a chunk size that is none', run: brokenBody },
  { name: '431', wire: 'reset', run: headTooLarge },
  { name: '408 for half a head', run: (stage) => lateHead(stage, 'GET /a HTTP/1.1\r\nHo') },
  {
    name: '408 for half a head after a good request',
    run: (stage) => lateHead(stage, 'GET /a HTT', get),
  },
  { name: '408 for a connection that says nothing', run: (stage) => lateHead(stage, '') },
  { name: '408 for a body that stalls', run: stalledBody },
  { name: 'a connection that says nothing', run: silent },
  { name: 'a connection that sends blank lines only', run: blankLines },
];

/** HTTP/1.1 asks for it; Node answers 400 without asking the handler. */
async function noHost(stage: Stage): Promise<void> {
  const server = await stage.serve((_request, response) => response.end('hello'));
  const client = await stage.connect(server);
  const sent = await client.send('GET /a HTTP/1.1\r\n\r\n');
  await client.closed();
  stage.expect({ method: 'GET', endpoint: '_unrouted', status: '400', in: sent, out: client.received });
}
