import type { ServerResponse } from 'node:http';
import type { BandwidthSnapshot } from '@weighbridge/monitor';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';

/** What the one endpoint has so far; 0 before it has any. */
function soFar({ endpoints }: BandwidthSnapshot): { in: number; out: number } {
  const row = endpoints.find(({ endpoint }) => endpoint === '/a');
  return { in: row?.requestBytes ?? 0, out: row?.responses[0]?.bytes ?? 0 };
}

function mustBe(what: string, expected: number, actual: number): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}

async function events(stage: Stage): Promise<void> {
  let response: ServerResponse | undefined;
  const server = await stage.serve((_request, res) => {
    response = res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.flushHeaders();
  });
  const client = await stage.connect(server);
  const sent = await client.send(get);
  await client.seen('\r\n\r\n');
  for (let round = 0; round < 20; round++) {
    response?.write(`data: ${round} ${'x'.repeat(round * 50)}\n\n`);
    await client.seen(`data: ${round} `);
    mustBe(`after event ${round} the endpoint has`, client.received, soFar(stage.look()).out);
    mustBe('its request', sent, soFar(stage.look()).in);
  }
  response?.end();
  const { bytes } = await client.response();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: bytes });
  await client.end();
}

async function longPoll(stage: Stage): Promise<void> {
  let answer = () => {};
  const server = await stage.serve((_request, response) => {
    answer = () => response.end('news');
  });
  const client = await stage.connect(server);
  for (let round = 0; round < 3; round++) {
    const before = soFar(stage.look());
    client.mark();
    const sent = await client.send(get);
    await stage.until('the request waits', ({ open }) => open.exchanges === 1);
    mustBe('the waiting request has', before.in + sent, soFar(stage.look()).in);
    answer();
    await client.response();
    const { received } = client.mark();
    stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  }
  await client.end();
}

/** Until the route is known, what came is pending; then it is the endpoint's. */
async function routedLate(stage: Stage): Promise<void> {
  let routeNow = () => {};
  const server = await stage.serve(
    (request, response) => {
      request.resume();
      routeNow = () => {
        stage.route(request);
        response.end('routed');
      };
    },
    { routed: false },
  );
  const client = await stage.connect(server);
  let sent = await client.send('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n');
  for (let round = 0; round < 3; round++) {
    sent += await client.send('b'.repeat(10_000));
    await stage.until('it was read', ({ connection }) => connection.in === sent);
    mustBe('pending', sent, stage.look().pending.in);
  }
  routeNow();
  const { bytes } = await client.response();
  stage.expect({ method: 'POST', endpoint: '/a', status: '200', in: sent, out: bytes });
  await client.end();
}

async function slowUpload(stage: Stage): Promise<void> {
  const server = await stage.serve((request, response) => request.resume().on('end', () => response.end('thanks')));
  const client = await stage.connect(server);
  let sent = await client.send('POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let round = 0; round < 20; round++) {
    sent += await client.send(`64\r\n${'b'.repeat(100)}\r\n`);
    await stage.until('it was read', ({ connection }) => connection.in === sent);
    mustBe(`after chunk ${round} the endpoint has`, sent, soFar(stage.look()).in);
  }
  sent += await client.send('0\r\n\r\n');
  const { bytes } = await client.response();
  stage.expect({ method: 'POST', endpoint: '/a', status: '200', in: sent, out: bytes });
  await client.end();
}

/** The client takes 200 kB at a time: never less than it has, never all that was submitted. */
async function slowDownload(stage: Stage): Promise<void> {
  const body = Buffer.alloc(12_000_000, 'x');
  const server = await stage.serve((_request, response) => response.end(body));
  const client = await stage.connect(server);
  client.raw.pause();
  const sent = await client.send(get);
  await stage.until('the response has begun', (snapshot) => soFar(snapshot).out > 0);
  for (let wanted = 200_000; wanted < 2_000_000; wanted += 200_000) {
    client.raw.resume();
    await client.until(() => client.received >= wanted);
    client.raw.pause();
    const { out } = soFar(stage.look());
    if (out < client.received) throw new Error(`the client has ${client.received}, the endpoint only ${out}`);
    if (out > body.length) throw new Error(`the endpoint has ${out}, all that was submitted`);
  }
  client.raw.resume();
  const { bytes } = await client.response();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: bytes });
  await client.end();
}

export const streamScenarios: Scenario[] = [
  { name: 'server-sent events, at every look', run: events },
  { name: 'long polls', run: longPoll },
  { name: 'an upload that is routed late', run: routedLate },
  { name: 'a slow upload, at every look', run: slowUpload },
  { name: 'a slow download, at every look', run: slowDownload },
];
