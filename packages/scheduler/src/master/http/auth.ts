import { createHash, timingSafeEqual } from 'node:crypto';
import { ProblemError } from '@weighbridge/protocol';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served without a token. */
    public?: boolean;
  }
}

/** Every route needs the bearer token, unless its config says `public`. */
export function requireToken(app: Pick<FastifyInstance, 'addHook'>, token: string): void {
  const expected = digest(token);
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.public) return;
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    // Digests have one length, so that comparing takes as long whatever was sent.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
    reply.header('www-authenticate', 'Bearer');
    throw new ProblemError(
      'unauthorized',
      given === undefined ? 'the header authorization must be "Bearer TOKEN"' : "the bearer token is not this master's",
    );
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
