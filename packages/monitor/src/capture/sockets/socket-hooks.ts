import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { usable } from '../self-test.ts';
import { type Chunk, chunksLength, type StreamCounts } from './counters.ts';

type Destroy = (error: Error | null, callback: (error?: Error | null) => void) => void;
type WriteGeneric = (writev: boolean, data: unknown, encoding: BufferEncoding, callback: unknown) => unknown;
/** Stops being called when it returns `true`. */
export type WriteWatcher = (chunks: readonly Chunk[]) => boolean;

/** Hears what happens to the sockets of one connection. What it throws reaches nobody but itself. */
export interface SocketListener {
  /** The socket is destroyed; its handle is still there. */
  onDestroy(socket: Duplex, error: NodeJS.ErrnoException | null): void;
  /** Part of a write waits for the kernel. */
  onWait(): void;
  /** A write of so many bytes failed at once. */
  onRefuse(socket: Duplex, bytes: number): void;
  onFault(error: unknown): void;
}

const key = Symbol('weighbridge.socket');
type Hooked = Socket & {
  [key]?: SocketHooks;
  _destroy: Destroy;
  _writeGeneric?: WriteGeneric;
};

/**
 * Our functions in place of two methods of a socket. They are shared by all sockets and never taken away again:
 * deleting a property would make the socket a dictionary, and each access to it slow. Without a listener they only
 * call the method that they stand for.
 */
export class SocketHooks<Listener extends SocketListener = SocketListener> {
  listener: Listener | null = null;
  /** Of a stream without counters: its own, for good, since its methods can be wrapped only once. */
  counts: StreamCounts | undefined;
  readonly destroy: Destroy;
  readonly writeGeneric: WriteGeneric | undefined;
  readonly #watchers: WriteWatcher[] = [];

  private constructor(socket: Hooked) {
    this.destroy = socket._destroy;
    this.writeGeneric = socket._writeGeneric;
    socket[key] = this;
    if (usable.socketDestroy) socket._destroy = destroyWithLastReading;
    else socket.once('close', () => tellDestroy(this, socket, null));
    // lib/net.js: `write`, `end` and corked writes meet in it. Other streams don't have it.
    if (usable.writeGeneric && typeof this.writeGeneric === 'function') socket._writeGeneric = writeAndLook;
  }

  /** The hooks of a socket that has some. */
  static find<Listener extends SocketListener>(socket: Duplex | null | undefined): SocketHooks<Listener> | undefined {
    return (socket as Hooked | null | undefined)?.[key] as SocketHooks<Listener> | undefined;
  }

  static install<Listener extends SocketListener>(socket: Duplex): SocketHooks<Listener> {
    return SocketHooks.find<Listener>(socket) ?? new SocketHooks<Listener>(socket as Hooked);
  }

  /** Tells of each write before it is done, until `watcher` returns `true`. */
  watchWrites(watcher: WriteWatcher): void {
    this.#watchers.push(watcher);
  }

  get isWatched(): boolean {
    return this.#watchers.length > 0;
  }

  tellWrite(chunks: readonly Chunk[]): void {
    try {
      for (let index = this.#watchers.length - 1; index >= 0; index--) {
        if (this.#watchers[index]?.(chunks)) this.#watchers.splice(index, 1);
      }
    } catch (error) {
      this.listener?.onFault(error);
    }
  }
}

/** 'close' comes too late for a last reading: the handle is gone by then. */
function destroyWithLastReading(this: Hooked, error: Error | null, callback: (error?: Error | null) => void): void {
  const hooks = this[key] as SocketHooks;
  tellDestroy(hooks, this, error);
  hooks.destroy.call(this, error, callback);
}

function tellDestroy({ listener }: SocketHooks, socket: Duplex, error: Error | null): void {
  try {
    listener?.onDestroy(socket, error);
  } catch (fault) {
    listener?.onFault(fault);
  }
}

function writeAndLook(
  this: Hooked,
  writev: boolean,
  data: unknown,
  encoding: BufferEncoding,
  callback: unknown,
): unknown {
  const hooks = this[key] as SocketHooks;
  if (hooks.isWatched) hooks.tellWrite(toChunks(writev, data, encoding));
  const result = (hooks.writeGeneric as WriteGeneric).call(this, writev, data, encoding, callback);
  const { listener } = hooks;
  if (listener === null) return result;
  try {
    if (this.writableLength > 0) listener.onWait();
    else if (this.errored !== null) listener.onRefuse(this, chunksLength(toChunks(writev, data, encoding)));
  } catch (error) {
    listener.onFault(error);
  }
  return result;
}

/** Of corked writes; once they are dispatched, Node has put the buffers themselves in place of their entries. */
function toChunks(writev: boolean, data: unknown, encoding: BufferEncoding): readonly Chunk[] {
  if (!writev) return [{ chunk: data as Chunk['chunk'], encoding }];
  return (data as (Chunk | Uint8Array)[]).map((entry) => ('chunk' in entry ? entry : { chunk: entry, encoding }));
}
