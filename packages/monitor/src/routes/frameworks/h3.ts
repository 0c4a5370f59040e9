import type { IncomingMessage } from 'node:http';
import { markRouted, type Routed } from '../routed.ts';

/** As much of an event as naming takes, of h3 2 and h3 1. */
interface H3Event {
  readonly context: {
    /** Which of both depends on the version. */
    readonly matchedRoute?: { readonly route?: string; readonly path?: string } | undefined;
  };
  readonly runtime?: { readonly node?: { readonly req?: object } | undefined } | undefined;
  readonly node?: { readonly req: IncomingMessage } | undefined;
}

/**
 * Middleware that names each request's endpoint by the route that h3 found. To be used before all other middleware.
 *
 * @example
 * app.use(nameEndpoints());
 */
export function nameEndpoints(): (event: H3Event) => void {
  return (event) => {
    const request = event.runtime?.node?.req ?? event.node?.req;
    if (request) markRouted(request, new H3Route(event));
  };
}

class H3Route implements Routed {
  readonly #event: H3Event;

  constructor(event: H3Event) {
    this.#event = event;
  }

  findTemplate(): string | undefined {
    const { route, path } = this.#event.context.matchedRoute ?? {};
    return route ?? path;
  }
}
