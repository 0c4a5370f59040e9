import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import { makeCertificate } from '../packages/monitor/test/support/certificate.ts';
import type { Candidate, ExpressApp, FastifyApp } from './peers/candidates.ts';
import { requirePeer } from './peers/install.ts';
import type { Told } from './prom-client-by-hand.ts';

/** What measures in a server. */
export interface Instruments {
  /** Tells the monitor the route, where no framework does. */
  nameEndpoint?: (request: IncomingMessage, template: string) => void;
  /** At each response's end. */
  byHand?: (told: Told) => void;
  /** A package, installed as it says. */
  candidate?: Candidate;
}

type ExpressHello = RequestListener &
  Omit<ExpressApp, 'all'> & {
    get(path: string, handler: (request: unknown, response: ExpressResponse) => void): void;
  };
interface ExpressResponse {
  type(type: string): { send(body: string): void };
}
type RoutedRequest = IncomingMessage & { route?: { path: string } };

type FastifyHello = Omit<FastifyApp, 'all'> & {
  addHook(
    name: 'onResponse',
    hook: (request: FastifyRequest, reply: { raw: ServerResponse }, done: () => void) => void,
  ): void;
  get(path: string, handler: (request: unknown, reply: { type(type: string): void }) => Promise<string>): void;
};
interface FastifyRequest {
  raw: IncomingMessage;
  routeOptions: { url: string };
}

/** Hello-world at `/hello`, as each host's own documentation writes it. */
export const hosts: Readonly<Record<string, (instruments: Instruments) => Server | Promise<Server>>> = {
  'node:http': (instruments) => createServer(answerBy(instruments)),
  https: (instruments) => createSecureServer(makeCertificate(), answerBy(instruments)),
  // Its requests and responses have what is used here of HTTP/1.1's.
  http2: (instruments) => createHttp2Server(answerBy(instruments) as never) as unknown as Server,
  async fastify({ byHand, candidate }) {
    const app = (requirePeer('fastify') as { fastify(): FastifyHello }).fastify();
    if (byHand) {
      app.addHook('onResponse', ({ raw, routeOptions }, reply, done) => {
        byHand(told(raw, reply.raw, routeOptions.url));
        done();
      });
    }
    await candidate?.onFastify?.(app as unknown as FastifyApp);
    app.get('/hello', async (_request, reply) => {
      reply.type('text/plain');
      return 'hello';
    });
    await app.ready();
    return app.server;
  },
  express({ byHand, candidate }) {
    const app = (requirePeer('express') as () => ExpressHello)();
    if (byHand) {
      app.use((request: RoutedRequest, response, next) => {
        response.on('finish', () => byHand(told(request, response, request.route?.path ?? 'none')));
        next();
      });
    }
    candidate?.onExpress?.(app as unknown as ExpressApp);
    app.get('/hello', (_request, response) => response.type('text/plain').send('hello'));
    return createServer(app);
  },
};

function answerBy({ nameEndpoint, byHand }: Instruments): RequestListener {
  return (request, response) => {
    nameEndpoint?.(request, '/hello');
    if (byHand) response.on('finish', () => byHand(told(request, response, '/hello')));
    response.setHeader('content-type', 'text/plain');
    response.end('hello');
  };
}

function told(request: IncomingMessage, response: ServerResponse, endpoint: string): Told {
  return {
    method: request.method as string,
    endpoint,
    status: response.statusCode,
    requestBytes: Number(request.headers['content-length'] ?? 0),
    responseBytes: Number(response.getHeader('content-length') ?? 0),
  };
}
