import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Scenario } from '../scenario.ts';
import type { ServeOptions, Stage, StageServer } from '../stage.ts';
import { certificate, warm } from './tls.ts';

export const upgrade = 'GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';

type Take = (request: IncomingMessage, socket: Duplex, first: Buffer) => void;

/** Answers an upgrade or CONNECT with `head`, then sends back what comes. */
function echo(head: string): Take {
  return (_request, socket, first) => {
    socket.write(head);
    if (first.length > 0) socket.write(first);
    socket.pipe(socket);
  };
}

/** Lets a server take upgrades and send back what comes. */
export function echoUpgrades(stage: Stage, server: Server): void {
  onTunnel(stage, server, 'upgrade', echo(switching));
}

function onTunnel(stage: Stage, server: Server, event: 'upgrade' | 'connect', take: Take): void {
  server.on(event, (request: IncomingMessage, socket: Duplex, first: Buffer) => {
    stage.route(request);
    socket.on('error', () => {});
    take(request, socket, first);
  });
}

async function serve(stage: Stage, event: 'upgrade' | 'connect', take: Take, options?: ServeOptions) {
  const server = await stage.serve(
    (request, response) => response.end(request.url === '/warm' ? 'warm' : 'plain'),
    options,
  );
  onTunnel(stage, server.server, event, take);
  return server;
}

async function whole(
  stage: Stage,
  server: StageServer,
  request: string,
  method: string,
  status: string,
): Promise<void> {
  const client = await stage.connect(server);
  await client.send(request);
  await client.seen('\r\n\r\n');
  await client.send('y'.repeat(3000));
  await client.seen('y'.repeat(3000));
  await client.end();
  const endpoint = request.split(' ')[1] as string;
  stage.expect({ method, endpoint, status, in: client.sent, out: client.received });
}

/** After a request on the same connection, the first bytes in the same write. */
async function afterRequest(stage: Stage): Promise<void> {
  const client = await stage.connect(await serve(stage, 'upgrade', echo(switching)));
  const { sent, received } = await client.ask(get);
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  await client.send(`${upgrade}hello`);
  await client.seen('hello');
  await client.end();
  stage.expect({ method: 'GET', endpoint: '/chat', status: '101', in: upgrade.length + 5, out: switching.length + 5 });
}

/** A request and an upgrade in one write. */
async function pipelined(stage: Stage): Promise<void> {
  const client = await stage.connect(await serve(stage, 'upgrade', echo(switching)));
  await client.send(get + upgrade);
  const { bytes } = await client.response();
  await client.seen('101 Switching');
  await client.end();
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: get.length, out: bytes });
  stage.expect({ method: 'GET', endpoint: '/chat', status: '101', in: upgrade.length, out: client.received - bytes });
}

async function refused(stage: Stage): Promise<void> {
  const take: Take = (_request, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
  const client = await stage.connect(await serve(stage, 'upgrade', take));
  await client.send(upgrade);
  await client.closed();
  stage.expect({ method: 'GET', endpoint: '/chat', status: '401', in: client.sent, out: client.received });
}

async function dropped(stage: Stage): Promise<void> {
  const client = await stage.connect(await serve(stage, 'upgrade', (_request, socket) => void socket.destroy()));
  await client.send(upgrade);
  await client.closed();
  stage.expect({ method: 'GET', endpoint: '/chat', status: 'none', in: upgrade.length, out: 0, aborted: true });
}

/** An upgrade that nobody listens for is a request like any other. */
async function notListened(stage: Stage): Promise<void> {
  const listener = echo(switching);
  const server = await stage.serve((_request, response) => response.end('plain'));
  server.server.on('upgrade', listener);
  server.server.removeListener('upgrade', listener);
  const client = await stage.connect(server);
  const { sent, received } = await client.ask(upgrade);
  stage.expect({ method: 'GET', endpoint: '/chat', status: '200', in: sent, out: received });
  await client.end();
}

async function connectNotListened(stage: Stage): Promise<void> {
  const client = await stage.connect(await stage.serve(() => {}));
  const sent = await client.send('CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.closed();
  stage.expectRest({ reason: 'idle', in: sent, out: 0 });
}

async function overTls(stage: Stage): Promise<void> {
  const create: ServeOptions['create'] = (listener) => createServer(certificate(), listener);
  const client = await stage.connectTls(await serve(stage, 'upgrade', echo(switching), { create }), {
    minVersion: 'TLSv1.3',
  });
  await warm(stage, client);
  client.mark();
  await client.send(upgrade);
  await client.seen('101 Switching');
  await client.send('y'.repeat(3000));
  await client.seen('y'.repeat(3000));
  const open = client.mark();
  await client.end();
  const closing = client.mark();
  stage.expect({
    ...{ method: 'GET', endpoint: '/chat', status: '101' },
    ...{ in: open.sent + closing.sent, out: open.received + closing.received },
  });
}

export const tunnelScenarios: Scenario[] = [
  {
    name: 'an upgrade',
    run: async (stage) => whole(stage, await serve(stage, 'upgrade', echo(switching)), upgrade, 'GET', '101'),
  },
  {
    name: 'a CONNECT',
    run: async (stage) => {
      const server = await serve(stage, 'connect', echo('HTTP/1.1 200 Connection established\r\n\r\n'));
      await whole(stage, server, 'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n', 'CONNECT', '200');
    },
  },
  { name: 'an upgrade after a request', run: afterRequest },
  { name: 'an upgrade behind a request in one write', run: pipelined },
  { name: 'an upgrade that the application refuses', run: refused },
  { name: 'an upgrade that the application drops', run: dropped },
  { name: 'an upgrade whose listener was removed', run: notListened },
  { name: 'a CONNECT that nobody listens for', run: connectNotListened },
  { name: 'TLS: an upgrade', run: overTls },
];
