import type { Socket } from 'node:net';

/** One piece of a write, as the application gave it. */
export interface Chunk {
  chunk: string | Uint8Array;
  encoding: BufferEncoding;
}
type Watcher = (chunks: readonly Chunk[]) => void;
type WriteGeneric = (writev: boolean, data: unknown, encoding: BufferEncoding, callback: unknown) => unknown;

const watchers = Symbol('weighbridge.writes');
type Writing = Socket & { _writeGeneric?: WriteGeneric; [watchers]?: Set<Watcher> };

/**
 * Tells of each write to a socket before it is done; returns how to stop. Costs nothing once stopped. Where
 * Node has no `_writeGeneric`, in which `write`, `end` and corked writes meet (lib/net.js), nothing is told.
 */
export function watchWrites(socket: Socket, watcher: Watcher): () => void {
  const writing = socket as Writing;
  const all = writing[watchers] ?? install(writing);
  all.add(watcher);
  return () => {
    all.delete(watcher);
    if (all.size > 0) return;
    delete writing._writeGeneric;
    delete writing[watchers];
  };
}

function install(socket: Writing): Set<Watcher> {
  const all = new Set<Watcher>();
  const write = socket._writeGeneric;
  if (typeof write !== 'function') return all;
  socket[watchers] = all;
  socket._writeGeneric = (writev, data, encoding, callback) => {
    const chunks = writev ? (data as Chunk[]) : [{ chunk: data as Chunk['chunk'], encoding }];
    for (const watcher of all) watcher(chunks);
    return write.call(socket, writev, data, encoding, callback);
  };
  return all;
}
