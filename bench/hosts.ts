import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { setEndpoint } from '@weighbridge/monitor';
import { requirePeer } from './peers/install.ts';
import type { Told } from './prom-client-by-hand.ts';

/** What to do at a response's end, by hand; `undefined` in the other candidates. */
export type ByHand = ((told: Told) => void) | undefined;

interface ExpressApp extends RequestListener {
  use(handler: (request: RoutedRequest, response: ServerResponse, next: () => void) => void): void;
  get(
    path: string,
    handler: (request: unknown, response: { type(type: string): { send(body: string): void } }) => void,
  ): void;
}
type RoutedRequest = IncomingMessage & { route?: { path: string } };

interface FastifyInstance {
  server: Server;
  addHook(
    name: 'onResponse',
    hook: (request: FastifyRequest, reply: { raw: ServerResponse }, done: () => void) => void,
  ): void;
  get(path: string, handler: (request: unknown, reply: { type(type: string): void }) => Promise<string>): void;
  ready(): Promise<void>;
}
interface FastifyRequest {
  raw: IncomingMessage;
  routeOptions: { url: string };
}

/** Hello-world at `/hello`, as each host's own documentation writes it. */
export const hosts: Readonly<Record<string, (byHand: ByHand) => Server | Promise<Server>>> = {
  'node:http': (byHand) =>
    createServer((request, response) => {
      setEndpoint(request, '/hello');
      if (byHand) response.on('finish', () => byHand(told(request, response, '/hello')));
      response.setHeader('content-type', 'text/plain');
      response.end('hello');
    }),
  async fastify(byHand) {
    const app = (requirePeer('fastify') as { fastify(): FastifyInstance }).fastify();
    if (byHand) {
      app.addHook('onResponse', ({ raw, routeOptions }, reply, done) => {
        byHand(told(raw, reply.raw, routeOptions.url));
        done();
      });
    }
    app.get('/hello', async (_request, reply) => {
      reply.type('text/plain');
      return 'hello';
    });
    await app.ready();
    return app.server;
  },
  express(byHand) {
    const app = (requirePeer('express') as () => ExpressApp)();
    if (byHand) {
      app.use((request, response, next) => {
        response.on('finish', () => byHand(told(request, response, request.route?.path ?? 'none')));
        next();
      });
    }
    app.get('/hello', (_request, response) => response.type('text/plain').send('hello'));
    return createServer(app);
  },
};

function told(request: IncomingMessage, response: ServerResponse, endpoint: string): Told {
  return {
    method: request.method as string,
    endpoint,
    status: response.statusCode,
    requestBytes: Number(request.headers['content-length'] ?? 0),
    responseBytes: Number(response.getHeader('content-length') ?? 0),
  };
}
