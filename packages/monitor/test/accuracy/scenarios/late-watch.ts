import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { Scenario } from '../scenario.ts';
import type { ServeOptions, Stage, StageServer } from '../stage.ts';
import type { WireClient } from '../wire-client.ts';
import { certificate } from './tls.ts';
import { echoUpgrades, upgrade } from './tunnels.ts';

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const answer: RequestListener = (request, response) => {
  request.resume().on('end', () => response.end('hello'));
};

async function unwatched(stage: Stage, handler: RequestListener, options?: ServeOptions): Promise<StageServer> {
  stage.lose();
  return stage.serve(handler, { watched: false, routed: false, ...options });
}

/** The same handler, but the monitor knows its requests. */
const routed =
  (stage: Stage, handler: RequestListener): RequestListener =>
  (request, response) => {
    if (request.headers.late !== undefined) stage.route(request);
    handler(request, response);
  };

const late = (text: string) => text.replace('Host: x\r\n', 'Host: x\r\nLate: 1\r\n');

async function askLate(stage: Stage, client: WireClient, rounds = 2): Promise<void> {
  client.mark();
  for (let round = 0; round < rounds; round++) {
    const { sent, received } = await client.ask(late(get));
    stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  }
}

/** A keep-alive connection is idle when the monitor begins: only what follows counts. */
async function idle(stage: Stage): Promise<void> {
  const server = await unwatched(stage, routed(stage, answer));
  const client = await stage.connect(server);
  for (let round = 0; round < 3; round++) await client.ask(get);
  stage.monitor.watch(server.server);
  await askLate(stage, client);
  await client.end();
}

/** A response is under way: its rest belongs to no exchange. */
async function busy(stage: Stage): Promise<void> {
  let end = () => {};
  const server = await unwatched(
    stage,
    routed(stage, (request, response) => {
      if (request.headers.late !== undefined) return void response.end('hello');
      response.write('half');
      end = () => response.end('whole');
    }),
  );
  const client = await stage.connect(server);
  await client.send(get);
  await client.seen('half');
  stage.monitor.watch(server.server);
  client.mark();
  end();
  await client.response();
  stage.expectRest({ reason: 'other', in: 0, out: client.mark().received });
  await askLate(stage, client);
  await client.end();
}

/** A request is half read: the rest of it, and its response, belong to no exchange. */
async function inBody(stage: Stage): Promise<void> {
  let begun = 0;
  const server = await unwatched(
    stage,
    routed(stage, (request, response) => {
      begun++;
      answer(request, response);
    }),
  );
  const client = await stage.connect(server);
  await client.send('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello');
  while (begun === 0) await new Promise((resolve) => setImmediate(resolve));
  stage.monitor.watch(server.server);
  client.mark();
  await client.send('world');
  await client.response();
  const { sent, received } = client.mark();
  stage.expectRest({ reason: 'other', in: sent, out: received });
  await askLate(stage, client);
  await client.end();
}

async function overTls(stage: Stage): Promise<void> {
  const create: ServeOptions['create'] = (listener) => createServer(certificate(), listener);
  const server = await unwatched(stage, routed(stage, answer), { create });
  const client = await stage.connectTls(server);
  for (let round = 0; round < 3; round++) await client.ask(get);
  stage.monitor.watch(server.server);
  await askLate(stage, client);
  client.mark();
  await client.end();
  const { sent, received } = client.mark();
  stage.expectRest({ reason: 'idle', in: sent, out: received });
}

async function upgraded(stage: Stage): Promise<void> {
  const server = await unwatched(stage, routed(stage, answer));
  echoUpgrades(stage, server.server);
  const client = await stage.connect(server);
  await client.ask(get);
  stage.monitor.watch(server.server);
  client.mark();
  await client.send(late(upgrade));
  await client.seen('101 Switching');
  await client.send('y'.repeat(3000));
  await client.seen('y'.repeat(3000));
  await client.end();
  const { sent, received } = client.mark();
  stage.expect({ method: 'GET', endpoint: '/chat', status: '101', in: sent, out: received });
}

async function malformed(stage: Stage): Promise<void> {
  const server = await unwatched(stage, answer);
  const client = await stage.connect(server);
  await client.ask(get);
  stage.monitor.watch(server.server);
  client.mark();
  const sent = await client.send('NONSENSE\r\n\r\n');
  await client.closed();
  stage.expectRest({ reason: 'malformed', in: sent, out: client.mark().received });
}

export const lateScenarios: Scenario[] = [
  { name: 'watched late: an idle connection', wire: 'none', run: idle },
  { name: 'watched late: a response under way', wire: 'none', run: busy },
  { name: 'watched late: a request under way', wire: 'none', run: inBody },
  { name: 'watched late: TLS', wire: 'none', run: overTls },
  { name: 'watched late: an upgrade', wire: 'none', run: upgraded },
  { name: 'watched late: a malformed request', wire: 'none', run: malformed },
];
