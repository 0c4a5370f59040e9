import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import {
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closed, type Http2Peer, type PeerOptions, type StreamLabels } from '../http2-peer.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

export type Http2Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** A server of HTTP/2 in clear as the stage takes servers. */
export const clear =
  (options: ServerOptions = {}) =>
  (listener: RequestListener): Server => {
    const server = createServer(options, listener as unknown as Http2Handler) as unknown as Server;
    // Without a listener of its own, CONNECT is refused.
    return server.on('connect', listener as never);
  };

export interface Http2Play extends PeerOptions {
  readonly handler: Http2Handler;
  readonly server?: ServerOptions;
}

/** One server, one client; `play` gives what each stream should be counted as. */
export async function playHttp2(
  stage: Stage,
  { handler, server, ...options }: Http2Play,
  play: (peer: Http2Peer, stage: Stage) => Promise<ReadonlyMap<number, StreamLabels>>,
): Promise<void> {
  const listening = await stage.serve(handler as unknown as RequestListener, { create: clear(server) });
  const peer = await stage.connectHttp2(listening, options);
  const streams = await play(peer, stage);
  await finishHttp2(stage, peer, streams);
}

/** The client goes, and what the relay has read is what must have been counted. */
export async function finishHttp2(
  stage: Stage,
  peer: Http2Peer,
  streams: ReadonlyMap<number, StreamLabels>,
): Promise<void> {
  await peer.leave();
  await stage.drained();
  for (const [id, labels] of streams) stage.expect(peer.expected(id, labels));
  stage.expectRest(peer.rest());
}

/** Answers with as many bytes as `x-size` says, once the request is complete. */
export const sized: Http2Handler = (request, response) => {
  request.resume().on('end', () => response.end(Buffer.alloc(Number(request.headers['x-size'] ?? 5))));
};

export const ok = (endpoint: string, method = 'GET'): StreamLabels => ({ method, endpoint, status: '200' });

async function bodies(peer: Http2Peer): Promise<ReadonlyMap<number, StreamLabels>> {
  const streams = new Map<number, StreamLabels>();
  for (const size of [0, 1, 16_384, 16_385, 200_000]) {
    const stream = await peer.fetch('/a', { 'x-size': size }, Buffer.alloc(size));
    streams.set(stream.id as number, ok('/a', 'POST'));
  }
  return streams;
}

async function atOnce(peer: Http2Peer, count: number): Promise<ReadonlyMap<number, StreamLabels>> {
  const opened = Array.from({ length: count }, (_, index) => peer.fetch(`/s${index % 7}`, { 'x-size': index * 10 }));
  const streams = await Promise.all(opened);
  return new Map(streams.map((stream, index) => [stream.id as number, ok(`/s${index % 7}`)]));
}

/** Heads of unlike length at the same time, each with its own. */
async function cookies(peer: Http2Peer): Promise<ReadonlyMap<number, StreamLabels>> {
  const long = peer.fetch('/long', { cookie: `session=${'z'.repeat(4000)}` });
  const none = peer.fetch('/none');
  await Promise.all([long, none]);
  return new Map([
    [1, ok('/long')],
    [3, ok('/none')],
  ]);
}

const largeHead: Http2Handler = (_request, response) => {
  response.setHeader('x-large', 'v'.repeat(9000));
  response.end('body');
};

async function push(peer: Http2Peer): Promise<ReadonlyMap<number, StreamLabels>> {
  const pushed = once(peer.session, 'stream').then(async ([stream]) => {
    stream.resume();
    await closed(stream);
  });
  await Promise.all([peer.fetch('/page'), pushed]);
  return new Map([
    [1, ok('/page')],
    [2, ok('/style')],
  ]);
}

const pushing =
  (stage: Stage): Http2Handler =>
  (_request, response) => {
    response.stream.pushStream({ ':path': '/style' }, (_error, stream: ServerHttp2Stream) => {
      stage.routePush(stream, '/style');
      stream.respond({ ':status': 200, 'content-type': 'text/css' });
      stream.end('p'.repeat(5000));
    });
    response.end('page');
  };

const trailing: Http2Handler = (_request, response) => {
  response.write('x'.repeat(1000));
  response.addTrailers({ 'grpc-status': '0', 'x-trailer': 'y'.repeat(500) });
  response.end();
};

async function withTrailers(peer: Http2Peer): Promise<ReadonlyMap<number, StreamLabels>> {
  await peer.fetch('/rpc', { 'x-size': 1000 }, 'x'.repeat(1000));
  return new Map([[1, ok('/rpc', 'POST')]]);
}

const hinting: Http2Handler = (request, response) => {
  if (request.url === '/hints') response.writeEarlyHints({ link: `</${'s'.repeat(1000)}.css>; rel=preload` });
  setTimeout(() => response.end('page'), 20);
};

/** The hints of one stream are its own, though another is open. */
async function hints(peer: Http2Peer): Promise<ReadonlyMap<number, StreamLabels>> {
  await Promise.all([peer.fetch('/hints'), peer.fetch('/plain')]);
  return new Map([
    [1, ok('/hints')],
    [3, ok('/plain')],
  ]);
}

/** All was sent, and then the server closes the stream with a code: that makes no abort. */
const closing: Http2Handler = (_request, response) => {
  response.stream.on('error', () => {});
  response.end(Buffer.alloc(20_000));
  response.stream.close(5);
};

/** WebSocket over HTTP/2 (RFC 8441): a stream that both sides write to. */
const echoing: Http2Handler = (request, response) => {
  const { stream } = response;
  stream.respond({ ':status': 200 });
  request.pipe(stream);
};

async function webSocket(peer: Http2Peer): Promise<ReadonlyMap<number, StreamLabels>> {
  const stream = peer.open('/ws', { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http' });
  await once(stream, 'response');
  for (let message = 0; message < 20; message++) {
    stream.write('m'.repeat(1000));
    await once(stream, 'data');
  }
  stream.end();
  stream.resume();
  await closed(stream);
  return new Map([[1, ok('/ws', 'CONNECT')]]);
}

const ticking: Http2Handler = (_request, response) => {
  let left = 40;
  const timer = setInterval(() => {
    response.write(`data: ${left}\n\n`);
    if (--left > 0) return;
    clearInterval(timer);
    response.end();
  }, 2);
};

async function file(stage: Stage): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weighbridge-file-'));
  const path = join(folder, 'file');
  writeFileSync(path, Buffer.alloc(stage.options.largeBytes / 4, 'f'));
  try {
    await playHttp2(stage, { handler: (_request, response) => response.stream.respondWithFile(path) }, async (peer) => {
      await peer.fetch('/file');
      return new Map([[1, ok('/file')]]);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function once1(peer: Http2Peer, path: string): Promise<ReadonlyMap<number, StreamLabels>> {
  await peer.fetch(path);
  return new Map([[1, ok(path)]]);
}

export const http2StreamScenarios: readonly Scenario[] = [
  { name: 'HTTP/2: bodies of many lengths, both ways', run: (stage) => playHttp2(stage, { handler: sized }, bodies) },
  {
    name: 'HTTP/2: 50 streams at once',
    run: (stage) => playHttp2(stage, { handler: sized }, (peer) => atOnce(peer, 50)),
  },
  {
    name: 'HTTP/2: 400 streams at once',
    run: (stage) => playHttp2(stage, { handler: sized }, (peer) => atOnce(peer, 400)),
  },
  { name: 'HTTP/2: a cookie of 4 kB beside none', run: (stage) => playHttp2(stage, { handler: sized }, cookies) },
  {
    name: 'HTTP/2: a large head of the first response',
    run: (stage) => playHttp2(stage, { handler: largeHead }, (peer) => once1(peer, '/large')),
  },
  { name: 'HTTP/2: a pushed stream', run: (stage) => playHttp2(stage, { handler: pushing(stage) }, push) },
  { name: 'HTTP/2: trailers', run: (stage) => playHttp2(stage, { handler: trailing }, withTrailers) },
  {
    name: 'HTTP/2: early hints',
    run: (stage) => playHttp2(stage, { handler: hinting }, hints),
  },
  {
    name: 'HTTP/2: WebSocket by extended CONNECT',
    run: (stage) =>
      playHttp2(stage, { handler: echoing, server: { settings: { enableConnectProtocol: true } } }, webSocket),
  },
  {
    name: 'HTTP/2: events in small writes',
    run: (stage) => playHttp2(stage, { handler: ticking }, (peer) => once1(peer, '/events')),
  },
  {
    name: 'HTTP/2: a stream that is closed with a code when all is sent',
    run: (stage) => playHttp2(stage, { handler: closing }, (peer) => once1(peer, '/closed')),
  },
  { name: 'HTTP/2: a response from a file', run: file },
];
