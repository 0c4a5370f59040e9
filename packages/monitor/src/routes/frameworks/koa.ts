import type { IncomingMessage } from 'node:http';
import { hookOnce } from '../hook-once.ts';
import { watchModules } from '../loaded-modules.ts';
import { type DeclaredPath, markRouted, type Routed, toTemplate } from '../routed.ts';

/** What Koa's routers leave on a context: @koa/router and koa-router all but the last, koa-route the last. */
interface KoaContext {
  req: IncomingMessage;
  /** Every layer whose path matched, middleware of routers among them: it has no methods. */
  matched?: { path: DeclaredPath; methods: string[] }[];
  /** The path of the layer that was called last. */
  _matchedRoute?: DeclaredPath;
  routePath?: string;
}
type CreateContext = (this: unknown, request: IncomingMessage, response: unknown) => KoaContext;

/** Hooks every copy of Koa that was loaded or will be, so that each request leads to its context. Returns how to stop. */
export function watchKoa(): () => void {
  return watchModules(/(?:^|[\\/])koa(?:[\\/]lib[\\/]application\.js)?$/, (exports) => {
    if (typeof exports === 'function') hookOnce<CreateContext>(exports.prototype, 'createContext', markContexts);
  });
}

/**
 * Middleware that names each request's endpoint by its router, where Koa can't be met from outside: in a bundle. To be
 * used before all other middleware.
 *
 * @example
 * app.use(nameEndpoints());
 */
export function nameEndpoints(): (context: { req: IncomingMessage }, next: () => Promise<unknown>) => Promise<unknown> {
  return (context, next) => {
    markRouted(context.req, new KoaRoute(context));
    return next();
  };
}

function markContexts(createContext: CreateContext): CreateContext {
  return function hooked(request, response) {
    const context = createContext.call(this, request, response);
    markRouted(request, new KoaRoute(context));
    return context;
  };
}

class KoaRoute implements Routed {
  readonly #context: KoaContext;

  constructor(context: KoaContext) {
    this.#context = context;
  }

  findTemplate({ method = '' }: IncomingMessage): string | undefined {
    const { matched = [], _matchedRoute: last, routePath } = this.#context;
    const routes = matched.filter(({ methods }) => methods.includes(method));
    // Last may be a router's middleware: then its route is the one that would have been called in the end.
    const route = routes.find(({ path }) => path === last) ?? routes.at(-1);
    const path = route?.path ?? routePath;
    return path === undefined ? undefined : toTemplate(path) || '/';
  }
}
