import type { Handler } from '@weighbridge/monitor';
import type { RouteHandlerMethod } from 'fastify';

/** Lets a handler of the monitor's listener answer a route; hooks, such as the token's, come before it as ever. */
export function mount(handler: Handler | undefined): RouteHandlerMethod {
  if (!handler) throw new Error('the listener has no such path');
  return async (request, reply) => {
    reply.hijack();
    await handler(request.raw, reply.raw);
  };
}
