import type { IncomingMessage } from 'node:http';
import type { ResponseState } from '../../capture/exchange.ts';
import { hookOnce, isHooked } from '../hook-once.ts';
import { watchModules } from '../loaded-modules.ts';
import { type DeclaredPath, findRouted, markRouted, type Routed, toTemplate } from '../routed.ts';

/** A layer of Express' router: a route, or middleware at the path of its mount. */
interface Layer {
  route?: { path: DeclaredPath };
  /** The declared path, since router 2.3. */
  rawPath?: DeclaredPath;
  /** Of Express 4, with the names of its parameters. */
  regexp?: RegExp;
  keys?: { name: string | number }[];
  /** Middleware at the root, in Express 5. */
  slash?: boolean;
  [templateKey]?: string | null;
}
type Next = (error?: unknown) => void;
type Handle = (this: unknown, request: IncomingMessage, response: unknown, next: Next) => unknown;
interface Router {
  stack?: Layer[];
}
type Use = (this: unknown, ...args: unknown[]) => unknown;
interface ExpressRequest extends IncomingMessage {
  baseUrl?: string;
  app?: { _router?: Router; router?: Router };
}
/** On a layer: its template, '' for middleware at the root, `null` where it can't be had. */
const templateKey: unique symbol = Symbol.for('weighbridge.express-template');

/** Of a layer: in Express 4, and in 5. */
const handlers = ['handle_request', 'handleRequest'] as const;
/** The file of Express 4's and 5's layers, and of their routers: `express/lib/router`, or the package `router`. */
const modules = /(?:^|[\\/])(?:layer|router|router[\\/]index)(?:\.js)?$/;

/**
 * Hooks every copy of Express' router that was loaded or will be, so that each request knows which routes and mounts
 * it came through. `request.baseUrl + request.route.path` is not enough: `baseUrl` holds the values of a mount's
 * parameters, and both are put back when an error leaves the mount. Express 5.3 publishes the templates as well, at
 * the price of its whole tracing for each layer; this costs a property's look a layer. Returns how to stop.
 */
export function watchExpress(): () => void {
  return watchModules(modules, (exports) => {
    if (typeof exports !== 'function') return;
    hookLayers(exports.prototype);
    // Express 4 and 5. Both forget a mount's path before router 2.3: they keep what it was compiled to.
    for (const router of [exports, exports.prototype]) if (isRouter(router)) hookOnce<Use>(router, 'use', noteMounts);
  });
}

/**
 * The template of a request that Express handled and no route took: `/*` where middleware at the root answered.
 * Meets Express also where it is part of a bundle, so that the next request is known.
 */
export function findExpress(request: ExpressRequest, response: ResponseState): string | undefined {
  const layer = (request.app?._router ?? request.app?.router)?.stack?.[0];
  if (!layer) return undefined;
  if (!handlers.some((name) => isHooked(layer, name))) return void hookLayers(Object.getPrototypeOf(layer));
  return response.headersSent && !isUnmatched(response) ? '/*' : undefined;
}

/** Koa's routers have files of the same name. */
function isRouter(value: unknown): boolean {
  const { use, handle, route } = (value ?? {}) as Record<string, unknown>;
  return [use, handle, route].every((method) => typeof method === 'function');
}

function hookLayers(prototype: unknown): void {
  for (const name of handlers) hookOnce<Handle>(prototype, name, noteLayers);
}

function noteLayers(handle: Handle): Handle {
  return function hooked(request, response, next) {
    notice(this as Layer, request, next);
    return handle.call(this, request, response, next);
  };
}

function noteMounts(use: Use): Use {
  return function hooked(...args) {
    const { stack = [] } = this as Router;
    const before = stack.length;
    const result = use.apply(this, args);
    const template = toMountTemplate(args[0]);
    for (const layer of stack.slice(before)) layer[templateKey] = template;
    return result;
  };
}

/** The first argument of `use` is a path, unless it is a function, or functions in arrays. */
function toMountTemplate(argument: unknown): string {
  const [first] = [argument].flat(Number.POSITIVE_INFINITY);
  return typeof first === 'function' ? '' : toTemplate(argument as DeclaredPath);
}

/** A mount that a request has entered, on its way from the root. */
interface Mount {
  readonly template: string | null;
  readonly parent: Mount | null;
  /** The `next` of the router that it is in: of each router and request one. */
  readonly next: Next;
}

/** The way of one request through routers and mounts. */
class ExpressRoute implements Routed {
  route: string | null | undefined;
  /** A route that was passed on, before a mount was entered. */
  passed: string | null | undefined;
  mount: Mount | null = null;

  findTemplate(request: ExpressRequest, response: ResponseState, isFinal: boolean): string | undefined {
    // Without headers, a mount may still be left for another one, or for a route.
    if (this.route === undefined && !response.headersSent && !isFinal) return undefined;
    // `null`: the path of a mount on the way can't be had.
    if (this.route !== undefined) return this.route ?? undefined;
    if (this.mount && !isAnsweredOutside(request, response)) {
      return this.mount.template === null ? undefined : `${this.mount.template}/*`;
    }
    return this.passed ?? findExpress(request, response);
  }
}

/** No mount answers: an error is answered outside of the mount that it came from, but what no layer took is a 404. */
function isAnsweredOutside({ baseUrl }: ExpressRequest, response: ResponseState): boolean {
  // Express puts back what was there before it: nothing.
  return !baseUrl && (response.statusCode < 400 || isUnmatched(response));
}

/** A layer is about to handle the request. */
function notice(layer: Layer, request: IncomingMessage, next: Next): void {
  layer[templateKey] ??= findLayerTemplate(layer);
  const template = layer[templateKey];
  const known = findRouted(request);
  if (layer.route) noticeRoute(request, known, template, next);
  else if (template !== '') noticeMount(request, known, template, next);
  else if (known instanceof ExpressRoute && known.mount) known.mount = findOuterMount(known, next);
}

function noticeRoute(request: IncomingMessage, known: Routed | string | undefined, path: string | null, next: Next) {
  if (!(known instanceof ExpressRoute)) return markRouted(request, path || '/');
  known.mount = findOuterMount(known, next);
  known.route = join(known.mount, path) || '/';
}

function noticeMount(request: IncomingMessage, known: Routed | string | undefined, path: string | null, next: Next) {
  const way = known instanceof ExpressRoute ? known : new ExpressRoute();
  const parent = findOuterMount(way, next);
  way.passed = typeof known === 'string' ? known : way.route;
  way.route = undefined;
  way.mount = { template: join(parent, path), parent, next };
  if (way !== known) markRouted(request, way);
}

/** The mount that a router is in: the one entered last, or the one around those that this router has dispatched to. */
function findOuterMount({ mount }: ExpressRoute, next: Next): Mount | null {
  for (let entered = mount; entered !== null; entered = entered.parent) {
    if (entered.next === next) return entered.parent;
  }
  return mount;
}

function join(mount: Mount | null, path: string | null): string | null {
  if (path === null || mount?.template === null) return null;
  return (mount?.template ?? '') + path;
}

function findLayerTemplate(layer: Layer): string | null {
  if (layer.route) return toTemplate(layer.route.path);
  // One of a route's own handlers.
  if ('method' in layer) return '';
  if (layer.rawPath !== undefined) return toTemplate(layer.rawPath);
  if (layer.slash) return '';
  return layer.regexp ? findCompiledTemplate(layer.regexp, layer.keys ?? []) : null;
}

/** What Express 4 has compiled to a regular expression, of mounts that were there before us; without modifiers. */
function findCompiledTemplate({ source }: RegExp, keys: { name: string | number }[]): string | null {
  let index = 0;
  const path = source
    .replace(/^\^/, '')
    .replace(/\\\/\?\(\?=\\\/\|\$\)$/, '')
    .replace(
      /\(\?:\\?\/?\(\[\^\\?\/\]\+\?\)\)/g,
      (group) => `${/^\(\?:\\?\//.test(group) ? '/' : ''}:${keys[index++]?.name}`,
    )
    .replace(/\\([/.\-_~])/g, '$1');
  return /[\\()[\]^$?*+|]/.test(path) ? null : toTemplate(path);
}

function isUnmatched({ statusCode }: ResponseState): boolean {
  return statusCode === 404 || statusCode === 405;
}
