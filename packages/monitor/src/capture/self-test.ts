import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { findOwnSymbol, hasOwnSymbol } from './own-symbol.ts';

/** What a probe looks at: the first of its kind that is met. */
interface Subjects {
  process: NodeJS.Process;
  socket: Socket;
  tls: TLSSocket;
  /** The socket that the first request has come on. */
  request: Socket & { server?: Server };
  session: Http2Session;
  stream: ServerHttp2Stream;
}
type SubjectKind = keyof Subjects;

/** A part of Node that is not in its documentation, or that a runtime like Node may lack. */
export interface Inside {
  /** As one finds it in Node's sources. */
  readonly what: string;
  /** The first major version of Node that has it; 14 is the oldest that was looked at. */
  readonly since: string;
  readonly on: SubjectKind;
  /** What is less exact without it. */
  readonly without: string;
}

type Probe<Kind extends SubjectKind> = Inside & { readonly on: Kind; probe(subject: Subjects[Kind]): boolean };
type AnyProbe = { [Kind in SubjectKind]: Probe<Kind> }[SubjectKind];

interface Handle {
  bytesRead?: unknown;
  bytesWritten?: unknown;
  writeQueueSize?: unknown;
  getpeername?: unknown;
}
const handleOf = (socket: Socket): Handle => (socket as unknown as { _handle?: Handle | null })._handle ?? {};
const hasMethod = (object: object, name: string): boolean =>
  typeof (object as Record<string, unknown>)[name] === 'function';

function hasCounters(handle: { bytesRead?: unknown; bytesWritten?: unknown }): boolean {
  return typeof handle.bytesRead === 'number' && typeof handle.bytesWritten === 'number';
}

/** Each inside that is touched, by the name that its use asks for. docs/decisions/0001 tells why each is needed. */
export const insides = {
  runtime: {
    what: 'Node itself',
    since: '14',
    on: 'process',
    without: 'some kinds of connections are counted wrong, docs/ACCURACY.md tells which',
    probe: ({ versions }) => versions.bun === undefined && versions.deno === undefined,
  },
  channels: {
    what: 'the channels of node:http and node:net',
    since: '20',
    on: 'process',
    without: 'only servers named by the option servers are known, and none of their bytes belongs to an endpoint',
    // Nothing tells whether a runtime publishes: Bun has the module and stays silent.
    probe: ({ versions }) => versions.bun === undefined,
  },
  activeHandles: {
    what: 'process._getActiveHandles',
    since: '14',
    on: 'process',
    without: 'a server that listened before the monitor started is known from its next connection on',
    probe: (process) => hasMethod(process, '_getActiveHandles'),
  },
  connectionsList: {
    what: 'Symbol(http.server.connections) of a server',
    since: '18',
    on: 'request',
    without: 'connections that were open before the monitor are known from their next request on',
    probe: ({ server }) => {
      // A server has it from its 'listening' event on; one that never listens has none.
      if (!server?.listening) return true;
      const list = findOwnSymbol(server, 'http.server.connections') as object | undefined;
      return list !== undefined && hasMethod(list, 'all') && hasMethod(list, 'active');
    },
  },
  handleCounters: {
    what: 'socket._handle.bytesRead and bytesWritten',
    since: '14',
    on: 'socket',
    without: 'what was written counts as sent when the socket takes it, and input while it is read by JavaScript',
    probe: (socket) => hasCounters(handleOf(socket)),
  },
  writeQueueSize: {
    what: 'socket._handle.writeQueueSize',
    since: '14',
    on: 'socket',
    without: 'what waits for the kernel counts as sent',
    probe: (socket) => typeof handleOf(socket).writeQueueSize === 'number',
  },
  getpeername: {
    what: 'socket._handle.getpeername',
    since: '14',
    on: 'socket',
    without: 'what waited when an HTTP/2 connection was reset counts as sent',
    // A socket of the file system has no peer to ask for.
    probe: (socket) => hasMethod(handleOf(socket), 'getpeername') || handleOf(socket).constructor.name === 'Pipe',
  },
  socketDestroy: {
    what: 'socket._destroy',
    since: '14',
    on: 'socket',
    without: 'the last bytes of a connection that ends within an exchange may be missing, and why it ended',
    probe: (socket) => hasMethod(socket, '_destroy'),
  },
  writeGeneric: {
    what: 'socket._writeGeneric',
    since: '14',
    on: 'socket',
    without: 'a write that fails at once counts as sent, and output that waits is read once a second only',
    probe: (socket) => hasMethod(socket, '_writeGeneric'),
  },
  rawSocket: {
    what: 'socket._parent or socket._handle._parentWrap of a TLS socket',
    since: '14',
    on: 'tls',
    without: 'bytes over TLS are counted in the sum and belong to no endpoint',
    probe: (socket) => {
      const { _parent, _handle } = socket as unknown as { _parent?: object; _handle?: { _parentWrap?: object } };
      return Boolean(_parent ?? _handle?._parentWrap);
    },
  },
  messageBegin: {
    what: 'socket.parser and its kOnMessageBegin',
    since: '14',
    on: 'request',
    without: 'pipelined requests with odd spacing or chunked bodies may share their input',
    probe: (socket) => {
      const { parser } = socket as unknown as { parser?: { constructor: { kOnMessageBegin?: unknown } } };
      return parser?.constructor.kOnMessageBegin !== undefined;
    },
  },
  sessionSocket: {
    what: 'Symbol(socket) of an HTTP/2 session',
    since: '14',
    on: 'session',
    without: 'HTTP/2 connections that were open before the monitor are not counted',
    probe: (session) => hasOwnSymbol(session, 'socket'),
  },
  streamCounters: {
    what: 'Symbol(kHandle) of an HTTP/2 stream, with bytesRead and bytesWritten',
    since: '14',
    on: 'stream',
    without: 'bytes of HTTP/2 belong to the session',
    probe: (stream) => hasCounters(findOwnSymbol(stream, 'kHandle') as object),
  },
  streamDestroy: {
    what: '_destroy, close and pushStream of an HTTP/2 stream',
    since: '14',
    on: 'stream',
    without: 'an HTTP/2 stream that is cut off counts less, and pushed streams are not counted',
    probe: (stream) => hasMethod(stream, '_destroy') && hasMethod(stream, 'pushStream'),
  },
  compatRequest: {
    what: 'Symbol(request) of an HTTP/2 stream',
    since: '14',
    on: 'stream',
    without: 'endpoints that a framework names on an HTTP/2 request are unknown',
    probe: (stream) => hasOwnSymbol(stream, 'request'),
  },
  readableEnded: {
    what: 'stream._readableState.ended',
    since: '14',
    on: 'stream',
    without: 'an HTTP/2 request whose body was not read to its end counts as aborted',
    probe: (stream) => {
      const { _readableState: state } = stream as unknown as { _readableState?: { ended?: unknown } };
      return typeof state?.ended === 'boolean';
    },
  },
  streamEntries: {
    what: "PerformanceObserver's entries of type http2",
    since: '16',
    on: 'stream',
    without: 'how much of an HTTP/2 stream was sent when it was cut off is an estimate',
    probe: () => {
      const { PerformanceObserver: Class } = globalThis as unknown as {
        PerformanceObserver?: { supportedEntryTypes?: readonly string[] };
      };
      return Class?.supportedEntryTypes?.includes('http2') === true;
    },
  },
} as const satisfies Record<string, AnyProbe>;

export type InsideName = keyof typeof insides;
export const insideNames = Object.keys(insides) as InsideName[];

/** Whether each may be used. A probe that fails puts it to `false`; where it is used, there is another way. */
export const usable: Record<InsideName, boolean> = Object.fromEntries(
  insideNames.map((name) => [name, true]),
) as Record<InsideName, boolean>;

/** An inside that this runtime lacks. */
export interface MissingInside extends Inside {
  readonly name: InsideName;
}

/**
 * Looks whether this runtime has what the capture touches, on the first server, socket and stream that come along:
 * nothing is loaded, opened or sent for it.
 */
export class SelfTest {
  readonly missing: MissingInside[] = [];
  readonly #met = new Set<SubjectKind>();
  readonly #onMissing: (missing: readonly MissingInside[]) => void;

  /** @param onMissing is told of those that are missing, at most once for each kind of subject. */
  constructor(onMissing: (missing: readonly MissingInside[]) => void) {
    this.#onMissing = onMissing;
  }

  /** Every probe so far has passed. */
  get isExact(): boolean {
    return this.missing.length === 0;
  }

  /** One more subject has come along; only the first of its kind is looked at. */
  meet<Kind extends SubjectKind>(kind: Kind, subject: Subjects[Kind]): void {
    if (this.#met.has(kind)) return;
    this.#met.add(kind);
    const missing = insideNames
      .filter((name) => insides[name].on === kind && !(usable[name] && passes(insides[name], subject)))
      .map((name): MissingInside => ({ name, ...insides[name] }));
    if (missing.length === 0) return;
    for (const { name } of missing) usable[name] = false;
    this.missing.push(...missing);
    this.#onMissing(missing);
  }
}

function passes(inside: AnyProbe, subject: Subjects[SubjectKind]): boolean {
  try {
    return (inside.probe as (subject: unknown) => boolean)(subject);
  } catch {
    return false;
  }
}

/** What is missing and what that means, in a sentence for an operator. */
export function formatMissing(missing: readonly MissingInside[]): string {
  const { bun, deno, node } = process.versions;
  const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
  const parts = missing.map(({ what, without }) => `${what} (without it ${without})`);
  return `weighbridge: counts on ${runtime} are not exact, http_capture_exact is 0; missing: ${parts.join('; ')}`;
}
