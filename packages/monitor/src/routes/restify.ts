import type { IncomingMessage } from 'node:http';
import { type DeclaredPath, toTemplate } from './routed.ts';

interface RestifyRequest extends IncomingMessage {
  route?: { path?: DeclaredPath };
  /** Express', which has routes as well. */
  baseUrl?: string;
}

/** The template of the route that restify left on the request. */
export function findRestify({ route, baseUrl }: RestifyRequest): string | undefined {
  if (route?.path === undefined || baseUrl !== undefined) return undefined;
  return toTemplate(route.path) || '/';
}
