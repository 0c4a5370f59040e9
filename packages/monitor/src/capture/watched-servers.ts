import type { Server } from 'node:net';
import { usable } from './self-test.ts';
import { isHttpServer, type ServerListener, ServerListeners } from './sockets/server-listeners.ts';

/** The servers that have our listeners. They are referred to weakly: a server that is dropped may go. */
export class WatchedServers {
  #listeners = new WeakMap<Server, ServerListeners>();
  #servers: WeakRef<Server>[] = [];
  /** Dropped servers are swept out when there are so many entries. */
  #sweepAt = 64;
  readonly #listener: ServerListener;

  constructor(listener: ServerListener) {
    this.#listener = listener;
  }

  add(server: Server): void {
    if (this.#listeners.has(server)) return;
    this.#listeners.set(server, new ServerListeners(server, this.#listener));
    this.#servers.push(new WeakRef(server));
    if (this.#servers.length < this.#sweepAt) return;
    this.#servers = this.#servers.filter((entry) => entry.deref() !== undefined);
    this.#sweepAt = Math.max(64, this.#servers.length * 2);
  }

  /** A server went on without telling us: `removeAllListeners` has taken our listeners along. */
  restore(server: Server): void {
    this.#listeners.get(server)?.restore();
  }

  /** Takes all our listeners away. */
  clear(): void {
    for (const server of this) this.#listeners.get(server)?.remove();
    this.#listeners = new WeakMap();
    this.#servers = [];
  }

  *[Symbol.iterator](): Iterator<Server> {
    for (const entry of this.#servers) {
      const server = entry.deref();
      if (server !== undefined) yield server;
    }
  }
}

/** Servers that listen already. Node lists what keeps the process alive. */
export function findListeningServers(): Server[] {
  if (!usable.activeHandles) return [];
  const { _getActiveHandles } = process as unknown as { _getActiveHandles?: () => unknown[] };
  const handles = _getActiveHandles?.() ?? [];
  return handles.filter(
    (handle): handle is Server => typeof handle === 'object' && handle !== null && isHttpServer(handle as Server),
  );
}
