import { type Handler, ListenerError } from '@weighbridge/monitor';
import { type ProblemCode, ProblemError } from '@weighbridge/protocol';
import type { RouteHandlerMethod } from 'fastify';
import { internalProblem, sendRawProblem } from './problems.ts';

const codes: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid-request',
  404: 'not-found',
  405: 'method-not-allowed',
  503: 'too-many-pages',
};

/**
 * Lets a handler of the monitor's listener answer a route; hooks, such as the token's, come before it as ever, and what it
 * refuses leaves as problem details.
 */
export function mount(handler: Handler | undefined): RouteHandlerMethod {
  if (!handler) throw new Error('the listener has no such path');
  return async (request, reply) => {
    reply.hijack();
    try {
      await handler(request.raw, reply.raw);
    } catch (error) {
      sendRawProblem(reply.raw, toProblem(error as Error));
    }
  };
}

function toProblem(error: Error): ProblemError {
  const code = error instanceof ListenerError ? codes[error.status] : undefined;
  return code ? new ProblemError(code, error.message) : internalProblem(error);
}
