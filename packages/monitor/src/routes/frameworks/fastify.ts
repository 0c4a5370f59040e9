import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { markRouted } from '../routed.ts';

interface FastifyRequest {
  raw: IncomingMessage;
  is404?: boolean;
  routeOptions: { url?: string };
}
interface FastifyRoute {
  method: string | string[];
  url: string;
  schema?: { response?: Record<string, unknown> };
}
interface Fastify {
  server: unknown;
  addHook(name: 'onRequest', hook: (request: FastifyRequest, reply: unknown, done: () => void) => void): void;
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
}

/** A route that a framework listed: its series stand at 0 from the start. */
export interface ListedRoute {
  /** The server it is on, as the framework made it. */
  server: unknown;
  method: string;
  endpoint: string;
  statuses: string[];
}

/**
 * Hears of every Fastify instance made from now on, lists its routes and marks its requests. Returns how to
 * stop.
 */
export function watchFastify(list: (route: ListedRoute) => void): () => void {
  const onInitialization = (message: unknown): void => {
    const { fastify } = message as { fastify: Fastify };
    fastify.addHook('onRoute', (route) => {
      const statuses = statusesOf(route);
      for (const method of [route.method].flat())
        list({ server: fastify.server, method, endpoint: route.url, statuses });
    });
    fastify.addHook('onRequest', (request, _reply, done) => {
      const url = request.is404 ? undefined : request.routeOptions.url;
      if (url !== undefined) markRouted(request.raw, url);
      done();
    });
  };
  subscribe('fastify.initialization', onInitialization);
  return () => void unsubscribe('fastify.initialization', onInitialization);
}

/** 200 and every status that the schema spells out; ranges such as `4xx` are no status. */
function statusesOf(route: FastifyRoute): string[] {
  const declared = Object.keys(route.schema?.response ?? {}).filter((status) => /^[1-5]\d\d$/.test(status));
  return [...new Set(['200', ...declared])];
}
