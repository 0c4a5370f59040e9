import type { IncomingMessage } from 'node:http';
import { type DeclaredPath, toTemplate } from '../routed.ts';

interface RestifyRequest extends IncomingMessage {
  route?: { path?: DeclaredPath };
  /** Express', which has routes as well. */
  app?: unknown;
}

/** The template of the route that restify left on the request. */
export function findRestify({ route, app }: RestifyRequest): string | undefined {
  if (route?.path === undefined || app !== undefined) return undefined;
  return toTemplate(route.path) || '/';
}
