import type { IncomingMessage } from 'node:http';
import type { ResponseState } from '../../capture/exchange.ts';
import { markRouted, type Routed } from '../routed.ts';

/** As much of Hono's context as naming takes. */
interface HonoContext {
  /** With `@hono/node-server` it has Node's request. */
  readonly env: unknown;
  readonly req: {
    /** Handlers and middleware whose paths matched, in the order they are called. */
    readonly matchedRoutes: readonly { readonly path: string; readonly method: string }[];
    /** The one called last. */
    readonly routeIndex: number;
  };
}

/**
 * Middleware that names each request's endpoint by the route that Hono called last. To be used before all other
 * middleware, with `@hono/node-server`.
 *
 * @example
 * app.use(nameEndpoints());
 */
export function nameEndpoints(): (context: HonoContext, next: () => Promise<void>) => Promise<void> {
  return (context, next) => {
    const { incoming } = (context.env ?? {}) as { incoming?: object };
    if (incoming) markRouted(incoming, new HonoRoute(context));
    return next();
  };
}

class HonoRoute implements Routed {
  readonly #context: HonoContext;

  constructor(context: HonoContext) {
    this.#context = context;
  }

  findTemplate(_request: IncomingMessage, response: ResponseState, isFinal: boolean): string | undefined {
    const { matchedRoutes = [], routeIndex } = this.#context.req;
    const called = matchedRoutes[routeIndex];
    if (called?.method !== 'ALL' || !called.path.endsWith('*')) return called?.path;
    // Middleware: until it answers, a route may follow. Where none does, Hono answers 404.
    const hasAnswered = response.headersSent ? response.statusCode !== 404 : isFinal;
    return hasAnswered ? called.path : undefined;
  }
}
