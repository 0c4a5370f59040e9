import type { RequestListener, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { Scenario } from '../scenario.ts';
import type { ServeOptions, Stage, StageServer } from '../stage.ts';
import type { WireClient } from '../wire-client.ts';
import { certificate, leave, warm } from './tls.ts';
import { echoUpgrades, upgrade } from './tunnels.ts';

type Front = (server: Server) => NetServer;

const answer: RequestListener = (request, response) => {
  request.resume().on('end', () => response.end('x'.repeat(Number(request.headers['x-size'] ?? 5))));
};

/** A stream that is no socket over one that is, as tunnels and multiplexers make them. */
function asStream(raw: Socket): Duplex {
  const stream = new Duplex({
    read: () => void raw.resume(),
    write: (chunk, encoding, callback) => void raw.write(chunk, encoding, callback),
    final: (callback) => void raw.end(callback),
    destroy: (error, callback) => {
      raw.destroy();
      callback(error);
    },
  });
  raw.on('data', (data) => {
    if (!stream.push(data)) raw.pause();
  });
  raw.on('end', () => stream.push(null));
  raw.on('close', () => stream.destroy());
  raw.on('error', () => {});
  return stream;
}

/** Looks at the first bytes, puts them back, and gives the socket away. */
function afterPeek(give: (raw: Socket) => void): NetServer {
  return createServer((raw) => {
    raw.on('error', () => {});
    raw.once('readable', () => {
      const first: Buffer | null = raw.read();
      if (first === null) return;
      raw.unshift(first);
      give(raw);
    });
  });
}

const fronts: Record<string, Front> = {
  'a socket given at once': (server) => createServer((raw) => server.emit('connection', raw)),
  'a socket given after a peek': (server) => afterPeek((raw) => server.emit('connection', raw)),
  'a socket given after a header that is not for the server': (server) =>
    createServer((raw) => {
      raw.once('readable', () => {
        raw.read(proxyHeader.length);
        server.emit('connection', raw);
      });
    }),
  'a stream that is no socket': (server) => createServer((raw) => server.emit('connection', asStream(raw))),
};

const proxyHeader = 'PROXY TCP4 192.0.2.1 192.0.2.2 50000 80\r\n';

async function exchanges(stage: Stage, client: WireClient): Promise<void> {
  for (const size of [5, 0, 200_000, 1]) {
    const { sent, received } = await client.ask(
      `POST /a HTTP/1.1\r\nHost: x\r\nX-Size: ${size}\r\nContent-Length: ${size}\r\n\r\n${'b'.repeat(size)}`,
    );
    stage.expect({ method: 'POST', endpoint: '/a', status: '200', in: sent, out: received });
  }
}

async function inClear(stage: Stage, front: Front, header = ''): Promise<void> {
  const server = await stage.serve(answer, { front });
  for (let round = 0; round < 2; round++) {
    const client = await stage.connect(server);
    if (header !== '') {
      await client.send(header);
      client.mark();
      stage.lose();
    }
    await exchanges(stage, client);
    await client.end();
  }
}

/** What was read to choose the server is put back when the connection is the server's already. */
async function putBackLate(stage: Stage): Promise<void> {
  const front: Front = (server) =>
    createServer((raw) => {
      raw.once('data', (first: Buffer) => {
        raw.pause();
        server.emit('connection', raw);
        raw.unshift(first);
        raw.resume();
      });
    });
  const client = await stage.connect(await stage.serve(answer, { front }));
  for (const size of [5, 3000]) {
    const { sent, received } = await client.ask(`GET /a HTTP/1.1\r\nHost: x\r\nX-Size: ${size}\r\n\r\n`);
    stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: received });
  }
  await client.end();
}

/** The client goes in the middle of a response. */
async function aborted(stage: Stage, front: Front): Promise<void> {
  const server = await stage.serve((_request, response) => response.write('x'.repeat(100_000)), { front });
  const client = await stage.connect(server);
  const sent = await client.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.chunk(100_000);
  await client.reset();
  // A stream hears of its socket's end a turn later.
  await stage.until('the connection is closed', ({ open }) => open.connections === 0);
  stage.expect({ method: 'GET', endpoint: '/a', status: '200', in: sent, out: client.received, aborted: true });
}

/** A malformed request is all that the connection ever carries. */
async function malformed(stage: Stage, front: Front): Promise<void> {
  const client = await stage.connect(await stage.serve(answer, { front }));
  const sent = await client.send('NONSENSE\r\n\r\n');
  await client.closed();
  stage.expectRest({ reason: 'malformed', in: sent, out: client.received });
}

async function upgraded(stage: Stage, front: Front): Promise<void> {
  const server = await stage.serve(answer, { front });
  echoUpgrades(stage, server.server);
  const client = await stage.connect(server);
  await client.send(upgrade);
  await client.seen('\r\n\r\n');
  await client.send('y'.repeat(3000));
  await client.seen('y'.repeat(3000));
  await client.end();
  stage.expect({ method: 'GET', endpoint: '/chat', status: '101', in: client.sent, out: client.received });
}

const https: ServeOptions['create'] = (listener) => createHttpsServer(certificate(), listener);

const tlsFronts: Record<string, [Front, ServeOptions['create']?]> = {
  'a socket given to an HTTPS server after a peek': [
    (server) => afterPeek((raw) => server.emit('connection', raw)),
    https,
  ],
  'a stream given to an HTTPS server': [
    (server) => createServer((raw) => server.emit('connection', asStream(raw))),
    https,
  ],
  "a TLS server's socket given to an HTTP server": [
    (server) => createTlsServer(certificate(), (socket) => server.emit('connection', socket)),
  ],
  'a TLS socket given to an HTTP server before its handshake': [
    (server) =>
      createServer((raw) => {
        const socket = new TLSSocket(raw, { isServer: true, ...certificate() });
        socket.on('error', () => {});
        server.emit('connection', socket);
      }),
  ],
  'a TLS socket given to an HTTPS server by its event': [
    (server) => createTlsServer(certificate(), (socket) => server.emit('secureConnection', socket)),
    https,
  ],
};

async function overTls(stage: Stage, name: string, [front, create]: [Front, ServeOptions['create']?]): Promise<void> {
  const warmed: RequestListener = (request, response) =>
    request.url === '/warm' ? void response.end('warm') : answer(request, response);
  const server: StageServer = await stage.serve(warmed, { front, ...(create && { create }) });
  // TLS 1.3 sends its tickets after the handshake; a stream that is no socket may hold them back.
  const client = await stage.connectTls(server, { maxVersion: name.includes('stream') ? 'TLSv1.2' : 'TLSv1.3' });
  await warm(stage, client);
  client.mark();
  await exchanges(stage, client);
  await leave(stage, client);
}

/** A block list: the application destroys sockets as they come. */
async function turnedAway(stage: Stage): Promise<void> {
  const server = await stage.serve(answer);
  server.server.on('connection', (socket) => socket.destroy());
  for (let round = 0; round < 30; round++) {
    const client = await stage.connect(server);
    await client.closed();
  }
}

export const handedOverScenarios: Scenario[] = [
  { name: 'a socket whose first bytes are put back after it was given', run: putBackLate },
  ...Object.entries(fronts).flatMap(([name, front]): Scenario[] => {
    const header = name.includes('header') ? proxyHeader : '';
    if (header !== '') return [{ name, wire: 'none', run: (stage) => inClear(stage, front, header) }];
    return [
      { name, run: (stage) => inClear(stage, front) },
      { name: `${name}: the client resets in the response`, run: (stage) => aborted(stage, front) },
      { name: `${name}: a malformed request`, run: (stage) => malformed(stage, front) },
      { name: `${name}: an upgrade`, run: (stage) => upgraded(stage, front) },
    ];
  }),
  ...Object.entries(tlsFronts).map(
    ([name, front]): Scenario => ({ name, run: (stage) => overTls(stage, name, front) }),
  ),
  { name: 'sockets that the application destroys as they come', run: turnedAway },
];
