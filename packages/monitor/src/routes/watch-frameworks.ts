import { watchExpress } from './frameworks/express.ts';
import { type ListedRoute, watchFastify } from './frameworks/fastify.ts';
import { watchHapi } from './frameworks/hapi.ts';
import { watchKoa } from './frameworks/koa.ts';

/**
 * Hears of every framework that marks its requests from outside, and of the routes that one lists. Returns how to
 * stop: what was hooked stays so, for good.
 */
export function watchFrameworks(list: (route: ListedRoute) => void): () => void {
  const stops = [watchFastify(list), watchExpress(), watchKoa(), watchHapi()];
  return () => {
    for (const stop of stops) stop();
  };
}
