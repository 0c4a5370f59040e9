import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import type { WireClient } from '../wire-client.ts';

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const postHead = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n';
type Leave = (client: WireClient) => Promise<void>;
const byEnd: Leave = (client) => client.end();
const byReset: Leave = (client) => client.reset();

async function readBy(stage: Stage, bytes: number): Promise<void> {
  await stage.until(`the server has read ${bytes} bytes`, ({ connection }) => connection.in >= bytes);
}

async function inHead(stage: Stage, leave: Leave): Promise<void> {
  const client = await stage.connect(await stage.serve(() => {}));
  const sent = await client.send(get.slice(0, 20));
  await readBy(stage, sent);
  await leave(client);
  // Node answers half a head with a 400, where there still is someone to answer.
  const reason = leave === byEnd ? 'malformed' : 'other';
  stage.expectRest({ reason, in: sent, out: client.received });
}

async function inBody(stage: Stage, leave: Leave): Promise<void> {
  const client = await stage.connect(await stage.serve((request) => request.on('error', () => {}).resume()));
  const sent = await client.send(postHead + 'b'.repeat(1234));
  await readBy(stage, sent);
  await leave(client);
  stage.expect({ method: 'POST', endpoint: '/a', status: 'none', in: sent, out: client.received, aborted: true });
}

/** Complete, also with odd spacing, but nobody answers before the client leaves. */
async function unanswered(stage: Stage, request: string): Promise<void> {
  const client = await stage.connect(await stage.serve(() => {}));
  const sent = await client.send(request);
  await readBy(stage, sent);
  await client.end();
  stage.expect({ method: 'GET', endpoint: '/a', status: 'none', in: sent, out: 0, aborted: true });
}

async function neverRouted(stage: Stage): Promise<void> {
  const client = await stage.connect(await stage.serve(() => {}, { routed: false }));
  const sent = await client.send(get);
  await readBy(stage, sent);
  await client.reset();
  stage.expect({ method: 'GET', endpoint: '_unmatched', status: 'none', in: sent, out: 0, aborted: true });
}

async function inResponse(stage: Stage): Promise<void> {
  const client = await stage.connect(await stage.serve((_request, response) => response.write('x'.repeat(100_000))));
  const sent = await client.send(get);
  await client.chunk(100_000);
  await client.reset();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: client.received, aborted: true });
}

/** The client has closed its half early; the response still comes, whole. */
async function halfClosed(stage: Stage): Promise<void> {
  const server = await stage.serve((_request, response) => {
    response.write('first');
    setImmediate(() => response.end('second'));
  });
  const client = await stage.connect(server);
  const sent = await client.send(get);
  await client.end();
  const { bytes } = await client.response();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: bytes });
}

type Destroy = (request: IncomingMessage, response: ServerResponse) => void;

/** The server ends it: before, in, or after the response. */
async function byServer(stage: Stage, destroy: Destroy, status: string, aborted = true): Promise<void> {
  const client = await stage.connect(await stage.serve(destroy));
  const sent = await client.send(get);
  await client.closed();
  stage.expect({ method: 'GET', endpoint: '/a', status, in: sent, out: client.received, aborted });
}

/** The client reads nothing and resets, while megabytes wait for it. */
async function resetWithQueue(stage: Stage): Promise<void> {
  const body = Buffer.alloc(20_000_000, 'x');
  const client = await stage.connect(await stage.serve((_request, response) => response.end(body)));
  client.raw.pause();
  const sent = await client.send(get);
  await stage.until('the kernel is full', full());
  await client.reset();
  stage.lose();
  const most = 8_000_000;
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: [client.received, most], aborted: true });
}

/** True once two looks 20 turns apart are the same. */
function full(): (snapshot: { connection: { out: number } }) => boolean {
  let [last, same] = [-1, 0];
  return ({ connection }) => {
    same = connection.out === last && last > 0 ? same + 1 : 0;
    last = connection.out;
    return same > 20;
  };
}

/** The server writes on, into a connection that has gone. */
async function writeError(stage: Stage): Promise<void> {
  let closed = false;
  const server = await stage.serve((_request, response) => {
    const writeOn = () => {
      if (closed) return;
      response.write('x'.repeat(1000));
      setImmediate(writeOn);
    };
    response.on('close', () => {
      closed = true;
    });
    writeOn();
  });
  const client = await stage.connect(server);
  const sent = await client.send(get);
  await client.until(() => client.received > 20_000);
  await client.reset();
  stage.lose();
  const out = [client.received, client.received + 3_000_000] as const;
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out, aborted: true });
}

/** The connection has gone before the response is written: the kernel takes none of it. */
async function refusedWrite(stage: Stage, write: (response: ServerResponse, body: Buffer) => void): Promise<void> {
  const body = Buffer.alloc(5_000_000, 'x');
  let client: WireClient | undefined;
  const server = await stage.serve((_request, response) => {
    client?.raw.resetAndDestroy();
    write(response, body);
  });
  client = await stage.connect(server);
  const sent = await client.send(get);
  await client.closed();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: 0, aborted: true });
}

/** Megabytes are queued when the client resets, and the server writes more. */
async function refusedQueue(stage: Stage): Promise<void> {
  const server = await stage.serve((_request, response) => {
    for (let round = 0; round < 10; round++) response.write(Buffer.alloc(2_000_000, 'x'));
  });
  const client = await stage.connect(server);
  client.raw.pause();
  const sent = await client.send(get);
  await stage.until('the kernel is full', full());
  const { out } = stage.look().connection;
  await client.reset();
  stage.lose();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out, aborted: true });
}

/** Resets while the server still reads an upload: what nobody read was never received. */
async function resetInUpload(stage: Stage): Promise<void> {
  let readOn = () => {};
  const server = await stage.serve((request) => {
    readOn = () => void request.on('error', () => {}).resume();
  });
  const client = await stage.connect(server);
  void client
    .send(`POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n${'b'.repeat(8_000_000)}`)
    .catch(() => {});
  await stage.until('the upload has begun', ({ connection }) => connection.in > 10_000);
  await client.reset();
  readOn();
  stage.lose();
  const [least, most] = [10_000, 8_000_100];
  stage.expect({ method: 'POST', endpoint: '/a', status: 'none', in: [least, most], out: 0, aborted: true });
}

export const abortScenarios: Scenario[] = [
  { name: 'the client ends in the head', run: (stage) => inHead(stage, byEnd) },
  { name: 'the client resets in the head', run: (stage) => inHead(stage, byReset) },
  { name: 'the client ends in the body', run: (stage) => inBody(stage, byEnd) },
  { name: 'the client resets in the body', run: (stage) => inBody(stage, byReset) },
  { name: 'the client leaves before any answer', run: (stage) => unanswered(stage, get) },
  {
    name: 'the client leaves before any answer, its head oddly spaced',
    run: (stage) => unanswered(stage, 'GET /a HTTP/1.1\r\nHost:x\r\nA:     b   \r\n\r\n'),
  },
  { name: 'the client leaves a request that nothing routed', run: neverRouted },
  { name: 'the client resets in the response', run: inResponse },
  { name: 'the client half-closes before the response', run: halfClosed },
  {
    name: 'the server destroys the request',
    run: (stage) => byServer(stage, (request) => void request.destroy(), 'none'),
  },
  {
    name: 'the server destroys the socket right after its first write',
    run: (stage) =>
      byServer(
        stage,
        (request, response) => {
          response.write('x'.repeat(1000));
          request.socket.destroy();
        },
        '200',
      ),
  },
  {
    name: 'the server destroys the response half-way',
    run: (stage) =>
      byServer(stage, (_request, response) => void response.write('x'.repeat(1000), () => response.destroy()), '200'),
  },
  {
    name: 'the server ends the connection after the response',
    run: (stage) =>
      byServer(stage, (request, response) => void response.end('bye', () => request.socket.end()), '200', false),
  },
  { name: 'a reset with megabytes queued', wire: 'reset', run: resetWithQueue },
  { name: 'a reset with many writes queued', wire: 'reset', run: refusedQueue },
  {
    name: 'a response that the kernel refuses',
    run: (stage) => refusedWrite(stage, (response, body) => response.end(body)),
  },
  {
    name: 'a response that the kernel refuses in parts',
    run: (stage) =>
      refusedWrite(stage, (response, body) => {
        response.write('first');
        setImmediate(() => response.end(body));
      }),
  },
  { name: 'a write error', wire: 'reset', run: writeError },
  { name: 'a reset in an upload that is read slowly', wire: 'reset', run: resetInUpload },
];
