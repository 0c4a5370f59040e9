import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createNetServer, type Server as NetServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { closed, type Http2Peer, type StreamLabels } from '../http2-peer.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { clear, finishHttp2, type Http2Handler, ok, playHttp2, sized } from './http2-streams.ts';
import { certificate, leave, warm } from './tls.ts';

const secure = (listener: RequestListener): Server =>
  createSecureServer({ ...certificate(), allowHTTP1: true }, listener as unknown as Http2Handler) as unknown as Server;

/** Handshake and tickets, as long as they may be; the first SETTINGS can't be told from them. */
const handshake = { reason: 'tls_handshake', in: [200, 2000], out: [700, 5000] } as const;

async function ask(peer: Http2Peer): Promise<Map<number, StreamLabels>> {
  const streams = new Map<number, StreamLabels>();
  for (const size of [5, 100_000, 1]) {
    const stream = await peer.fetch('/a', { 'x-size': size }, Buffer.alloc(size));
    streams.set(stream.id as number, ok('/a', 'POST'));
  }
  const many = await Promise.all(Array.from({ length: 20 }, () => peer.fetch('/many', { 'x-size': 3000 })));
  for (const stream of many) streams.set(stream.id as number, ok('/many'));
  return streams;
}

async function overTls(stage: Stage): Promise<void> {
  const server = await stage.serve(sized as unknown as RequestListener, { create: secure });
  const peer = await stage.connectHttp2(server, { isSecure: true });
  const streams = await ask(peer);
  stage.expectRest(handshake);
  await finishHttp2(stage, peer, streams);
}

/** A stalled stream over TLS: its DATA is exact, as the client counts it. */
async function stalledOverTls(stage: Stage): Promise<void> {
  const handler: Http2Handler = (_request, response) => response.end(Buffer.alloc(1_000_000));
  const server = await stage.serve(handler as unknown as RequestListener, { create: secure });
  const peer = await stage.connectHttp2(server, { isSecure: true, connectionWindow: 2 ** 26 });
  const stream = peer.open('/stalled');
  await once(stream, 'response');
  await peer.quiet();
  stream.close(8);
  await peer.quiet();
  stage.expectRest(handshake);
  await finishHttp2(stage, peer, new Map([[1, { ...ok('/stalled'), aborted: true }]]));
}

/** One server, clients of both versions. */
async function bothVersions(stage: Stage): Promise<void> {
  const handler: RequestListener = (request, response) => {
    request.resume().on('end', () => response.end(request.url === '/warm' ? 'warm' : 'x'));
  };
  const server = await stage.serve(handler, { create: secure });
  const old = await stage.connectTls(server, { ALPNProtocols: ['http/1.1'] });
  await warm(stage, old);
  await leave(stage, old);
  const peer = await stage.connectHttp2(server, { isSecure: true });
  await peer.fetch('/new');
  stage.expectRest(handshake);
  await finishHttp2(stage, peer, new Map([[1, ok('/new')]]));
}

async function behindFront(stage: Stage, front: (server: Server) => NetServer): Promise<void> {
  const server = await stage.serve(sized as unknown as RequestListener, { create: clear(), front });
  const peer = await stage.connectHttp2(server);
  await finishHttp2(stage, peer, await ask(peer));
}

/** TLS ends in a server of its own, which gives its sockets to one of HTTP/2. */
async function behindTlsFront(stage: Stage): Promise<void> {
  const front = (server: Server) =>
    createTlsServer({ ...certificate(), ALPNProtocols: ['h2'] }, (socket) => server.emit('connection', socket));
  const server = await stage.serve(sized as unknown as RequestListener, { create: clear(), front });
  const peer = await stage.connectHttp2(server, { isSecure: true });
  const streams = await ask(peer);
  stage.expectRest(handshake);
  await finishHttp2(stage, peer, streams);
}

/** Answered before the body was read: the client is told to stop. */
async function early(peer: Http2Peer): Promise<ReadonlyMap<number, StreamLabels>> {
  const stream = peer.open('/early', { 'x-size': 2 }, Buffer.alloc(500_000));
  stream.resume();
  await closed(stream);
  await peer.quiet();
  return new Map([[1, { ...ok('/early', 'POST'), status: '413', aborted: true }]]);
}

const refusing: Http2Handler = (_request, response) => {
  response.statusCode = 413;
  response.end('no');
};

const netFront = (server: Server): NetServer => createNetServer((socket) => server.emit('connection', socket));

export const http2ServerScenarios: readonly Scenario[] = [
  { name: 'HTTP/2 over TLS', run: overTls },
  { name: 'HTTP/2 over TLS: a stalled stream, CANCEL by the client', run: stalledOverTls },
  { name: 'HTTP/2 and HTTP/1.1 on one server', run: bothVersions },
  { name: 'HTTP/2 behind a server of node:net', run: (stage) => behindFront(stage, netFront) },
  { name: 'HTTP/2 behind a server of node:tls', run: behindTlsFront },
  {
    name: 'HTTP/2: 413 before the body',
    run: (stage) => playHttp2(stage, { handler: refusing }, early),
  },
];
