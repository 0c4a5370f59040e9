import type { IncomingMessage } from 'node:http';
import type { ResponseState } from '../capture/exchange.ts';

/** What a framework knows of a request. */
export interface Routed {
  /**
   * The template; `undefined` while it isn't known, or where no route took the request.
   *
   * @param isFinal nothing more will be known.
   */
  findTemplate(request: IncomingMessage, response: ResponseState, isFinal: boolean): string | undefined;
}

// Shared among all copies of this package in a process: `--import` loads one of its own.
const routed: unique symbol = Symbol.for('weighbridge.routed');
type Marked = { [routed]?: Routed | string; stream?: Marked };

/** Marks a request, or its HTTP/2 stream, with its template or with what finds it. */
export function markRouted(request: object, known: Routed | string): void {
  (request as Marked)[routed] = known;
}

/** What a framework has marked the request with. */
export function findRouted(request: object): Routed | string | undefined {
  return (request as Marked)[routed] ?? (request as Marked).stream?.[routed];
}

/** A path as frameworks declare it. */
export type DeclaredPath = string | RegExp | readonly DeclaredPath[];

/** The template of a declared path, without a slash at its end; alternatives are parted by `|`. '' for `/`. */
export function toTemplate(path: DeclaredPath): string {
  if (path instanceof RegExp) return String(path);
  if (typeof path !== 'string') return path.map((each) => toTemplate(each)).join('|');
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' || trimmed.startsWith('/') ? trimmed : `/${trimmed}`;
}
