import type { IncomingMessage } from 'node:http';
import { hookOnce } from '../hook-once.ts';
import { watchModules } from '../loaded-modules.ts';
import { markRouted, type Routed } from '../routed.ts';

/** A request of hapi's: it has a route of its own before it is routed, and when no route takes it. */
interface HapiRequest {
  route: { path: string; method: string };
}
type Generate = (this: unknown, server: unknown, request: IncomingMessage, ...rest: unknown[]) => HapiRequest;

/** Hooks every copy of hapi that was loaded or will be, so that each request leads to hapi's own. Returns how to stop. */
export function watchHapi(): () => void {
  return watchModules(/^\.\/request$|[\\/]hapi[\\/]lib[\\/]request\.js$/, (exports) => {
    // Others have files of that name as well.
    if (typeof exports === 'function' && typeof exports.prototype?._execute === 'function') {
      hookOnce<Generate>(exports, 'generate', markRequests);
    }
  });
}

function markRequests(generate: Generate): Generate {
  return function hooked(server, request, ...rest) {
    const made = generate.call(this, server, request, ...rest);
    markRouted(request, new HapiRoute(made));
    return made;
  };
}

class HapiRoute implements Routed {
  readonly #request: HapiRequest;

  constructor(request: HapiRequest) {
    this.#request = request;
  }

  findTemplate(): string | undefined {
    const { path, method } = this.#request.route;
    return method === '_special' ? undefined : path;
  }
}
