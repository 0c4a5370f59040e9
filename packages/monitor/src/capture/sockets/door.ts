import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { usable } from '../self-test.ts';
import { Connection } from './connection.ts';
import { type Counters, findHandle, SocketGetters, StreamCounts, submittedBytes } from './counters.ts';
import { SocketHooks } from './socket-hooks.ts';

type Layered = {
  _handle?: { _parentWrap?: Duplex } | null;
  _parent?: Duplex | null;
  stream?: Duplex | null;
  encrypted?: boolean;
  secureConnecting?: boolean;
};

/** The socket that the kernel knows: below TLS, and below what makes a stream look like a socket. */
export function findRawSocket(socket: Duplex): Duplex {
  if (!usable.rawSocket) return socket;
  let raw = socket;
  // TLS in TLS in a stream: three times two layers is more than anyone has.
  for (let depth = 0; depth < 6; depth++) {
    const { _parent, _handle, stream } = raw as Layered;
    // Over a stream that is no socket, only TLS' handle knows what is below; `stream` is the one that it was made of.
    const below = _parent ?? _handle?._parentWrap ?? stream;
    if (!below || typeof below !== 'object') break;
    raw = below;
  }
  return raw;
}

/** A socket of the system, not a stream that stands for one. */
export function isNetSocket(socket: Duplex): socket is Socket {
  return '_handle' in socket && 'remoteAddress' in socket;
}

export function isTlsSocket(socket: Duplex): socket is TLSSocket {
  return (socket as Layered).encrypted === true;
}

export function isHandshaking(socket: TLSSocket): boolean {
  return (socket as Layered).secureConnecting === true;
}

/** Where a connection's own bytes begin. */
export type Start =
  /** All that the socket ever moved. */
  | 'whole'
  /** Now; what was read and put back by `unshift`, or not read yet, is still to come. */
  | 'now'
  /** Now, but for the last so many bytes received. */
  | { readonly receivedBefore: number };

/** Begins to count what a raw socket moves. */
export function openConnection(raw: Duplex, start: Start): Connection {
  const counters = countersOf(raw);
  if (start === 'whole') return new Connection(raw, counters, 0, 0);
  const before = start === 'now' ? raw.readableLength : start.receivedBefore;
  return new Connection(raw, counters, counters.bytesRead - before, submittedBytes(raw, counters));
}

function countersOf(raw: Duplex): Counters {
  const handle = findHandle(raw);
  if (handle !== null) return handle;
  if ('bytesRead' in raw && 'bytesWritten' in raw) return new SocketGetters(raw as Socket);
  const hooks = SocketHooks.install(raw);
  hooks.counts ??= new StreamCounts(raw, (chunks) => hooks.tellWrite(chunks));
  return hooks.counts;
}
