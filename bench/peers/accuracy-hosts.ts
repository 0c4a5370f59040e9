import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createGzip } from 'node:zlib';
import { handlers } from './accuracy-handlers.ts';
import type { Candidate, ExpressApp, FastifyApp } from './candidates.ts';
import { requirePeer } from './install.ts';

/** The scenarios' application on Express: for each candidate that fits it. */
export function expressHost(candidate: Candidate): RequestListener {
  const app = (requirePeer('express') as () => ExpressApp)();
  const compression = requirePeer('compression') as () => Parameters<ExpressApp['use']>[0];
  candidate.onExpress?.(app);
  for (const [path, handle] of Object.entries(handlers)) {
    if (path === '/gzip') app.all(path, compression(), handle);
    else app.all(path, handle);
  }
  return app;
}

/** The same on Fastify. */
export async function fastifyHost(candidate: Candidate): Promise<RequestListener> {
  const { fastify } = requirePeer('fastify') as { fastify(options?: object): FastifyApp };
  const app = fastify();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  await candidate.onFastify?.(app);
  for (const [path, handle] of Object.entries(handlers)) {
    app.all(path, ({ raw }, reply) => {
      reply.hijack();
      (path === '/gzip' ? gzipped(handle) : handle)(raw, reply.raw);
    });
  }
  await app.ready();
  return (request, response) => app.server.emit('request', request, response);
}

/** Echoes WebSocket messages. */
export function echoWebSockets(server: { on(name: 'upgrade', listener: (...of: Upgrade) => void): unknown }): void {
  const { WebSocketServer } = requirePeer('ws');
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket: EchoSocket) =>
      webSocket.on('message', (message) => webSocket.send(message)),
    );
  });
}

type Upgrade = [request: IncomingMessage, socket: Duplex, head: Buffer];
interface EchoSocket {
  on(name: 'message', listener: (message: Buffer) => void): void;
  send(message: Buffer): void;
}

function gzipped(handle: RequestListener): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const gzip = createGzip();
    response.setHeader('content-encoding', 'gzip');
    gzip.pipe(response);
    const stand = { setHeader: () => {}, end: (body: string) => gzip.end(body) };
    handle(request, stand as unknown as Parameters<RequestListener>[1]);
  };
}
