import type { Socket } from 'node:net';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { limits, ProblemError } from '@weighbridge/protocol';
import Fastify, { type FastifyInstance } from 'fastify';
import { rejectUnknownRoutes } from './not-found.ts';
import { formatRawProblem, handleError, sendProblem } from './problems.ts';

// Beyond the 25 s of a claim and the 15 s between keep-alives of a stream.
const silenceMs = 120_000;
// A head is a few kilobytes.
const headersMs = 20_000;
// Longer than most proxies keep an idle connection, so that it is the proxy that closes it.
const keepAliveMs = 72_000;
// After an error the rest of a body is thrown away this long: closing at once would reset the connection
// before the client has read the answer.
const lingerMs = 2000;

/** A Fastify server with this API's manners: strict bodies, problem details for every error. */
export function createApp() {
  const app = Fastify({
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: false,
        allErrors: false,
        verbose: true,
      },
    },
    bodyLimit: limits.jsonBodyBytes,
    connectionTimeout: silenceMs,
    http: { headersTimeout: headersMs, connectionsCheckingInterval: headersMs / 2 },
    keepAliveTimeout: keepAliveMs,
    // A percent-encoded file name of 255 characters can be this long.
    routerOptions: { maxParamLength: limits.fileNameLength * 12 },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, new ProblemError('invalid-request', `the path must be a valid URL path: ${error.message}`));
    },
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.removeContentTypeParser('text/plain');
  // Schemas describe answers, they don't filter them.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler(handleError);
  rejectUnknownRoutes(app);
  endRefusedBodies(app);
  return app;
}

export type App = ReturnType<typeof createApp>;

function endRefusedBodies(app: Pick<FastifyInstance, 'addHook'>): void {
  app.addHook('onResponse', async (request, reply) => {
    const { raw } = request;
    if (reply.statusCode < 400 || raw.complete) return;
    raw.resume();
    const timer = setTimeout(() => raw.socket.destroy(), lingerMs).unref();
    raw.once('close', () => clearTimeout(timer));
  });
}

// What is not HTTP never reaches a route, yet gets an answer in the same form.
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const timeout = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const detail = timeout ? 'the request did not arrive in time' : `the request must be valid HTTP/1.1 (${error.code})`;
  socket.end(formatRawProblem(new ProblemError('invalid-request', detail)));
}
