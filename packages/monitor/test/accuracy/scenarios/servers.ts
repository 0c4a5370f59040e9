import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scenario } from '../scenario.ts';
import type { Stage, StageServer } from '../stage.ts';

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const hello: RequestListener = (_request, response) => response.end('hello');

async function askTwice(stage: Stage, server: StageServer): Promise<void> {
  const client = await stage.connect(server);
  for (let round = 0; round < 2; round++) {
    const { sent, received } = await client.ask(get);
    stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  }
  await client.end();
}

async function unixSocket(stage: Stage): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weighbridge-socket-'));
  try {
    await askTwice(stage, await stage.serve(hello, { path: join(folder, 'server') }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function several(stage: Stage): Promise<void> {
  const servers = await Promise.all([1, 2, 3].map(() => stage.serve(hello)));
  await Promise.all(servers.map((server) => askTwice(stage, server)));
}

/** Ten connections at once on one server. */
async function crowd(stage: Stage): Promise<void> {
  const server = await stage.serve((_request, response) => void setImmediate(() => response.end('hello')));
  await Promise.all(Array.from({ length: 10 }, () => askTwice(stage, server)));
}

async function reopened(stage: Stage): Promise<void> {
  const { server, target } = await stage.serve(hello);
  await askTwice(stage, { server, target });
  server.close();
  await once(server, 'close');
  await askTwice(stage, { server, target: await stage.listen(server) });
}

/** While one response is under way and one connection is idle. */
async function allClosed(stage: Stage): Promise<void> {
  const server = await stage.serve((request, response) => {
    if (request.url === '/idle') response.end('hello');
    else response.write('half');
  });
  const idle = await stage.connect(server);
  const asked = await idle.ask('GET /idle HTTP/1.1\r\nHost: x\r\n\r\n');
  stage.expect({ method: 'GET', endpoint: '/idle', status: '200', in: asked.sent, out: asked.received });
  const busy = await stage.connect(server);
  const sent = await busy.send(get);
  await busy.seen('half');
  server.server.closeAllConnections();
  await Promise.all([idle.closed(), busy.closed()]);
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: busy.received, aborted: true });
}

/** Closed while a response is under way: that one goes on to its end. */
async function closedGently(stage: Stage): Promise<void> {
  let end = () => {};
  const server = await stage.serve((_request, response) => {
    response.write('half');
    end = () => response.end('whole');
  });
  const client = await stage.connect(server);
  const sent = await client.send(get);
  await client.seen('half');
  server.server.close();
  end();
  const { bytes } = await client.response();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: bytes });
  await client.end();
}

/** Another server of the same process: none of its bytes. */
async function notWatched(stage: Stage): Promise<void> {
  const other = createServer(hello);
  const target = await stage.listen(other);
  const client = await stage.connect({ server: other, target });
  await client.ask(get);
  await client.end();
  other.close();
  stage.lose();
}

export const serverScenarios: Scenario[] = [
  { name: 'a Unix socket', wire: 'none', run: unixSocket },
  { name: 'IPv6', run: async (stage) => askTwice(stage, await stage.serve(hello, { host: '::1' })) },
  { name: 'several servers in one process', run: several },
  { name: 'ten connections at once', run: crowd },
  { name: 'a server closed and opened again', run: reopened },
  { name: 'closeAllConnections', run: allClosed },
  { name: 'a server closed while it answers', run: closedGently },
  { name: 'a server that is not watched', wire: 'none', run: notWatched },
];
