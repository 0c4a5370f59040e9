import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Answer } from './exchange.ts';
import { type Chunk, watchWrites } from './writes.ts';

type Event = 'upgrade' | 'connect';
type OnTunnel = (request: IncomingMessage, socket: Socket) => void;

const events: readonly Event[] = ['upgrade', 'connect'];

/**
 * Hears of each upgrade and CONNECT of a server before the application does. Node decides by the number of
 * listeners whether to upgrade at all, so ours is there only while the application has one.
 */
export function watchTunnels(server: Server, onTunnel: OnTunnel): void {
  for (const event of events) if (server.listenerCount(event) > 0) server.prependListener(event, onTunnel);
  server.on('newListener', (event: string, listener: unknown) => {
    if (isTunnelEvent(event) && listener !== onTunnel && !server.listeners(event).includes(onTunnel)) {
      server.prependListener(event, onTunnel);
    }
  });
  server.on('removeListener', (event: string, listener: unknown) => {
    if (isTunnelEvent(event) && listener !== onTunnel && server.listenerCount(event) === 1) {
      server.removeListener(event, onTunnel);
    }
  });
}

function isTunnelEvent(event: string): event is Event {
  return (events as readonly string[]).includes(event);
}

/** What the application answers to an upgrade or CONNECT: it writes the head to the socket itself. */
export class TunnelAnswer implements Answer {
  headersSent = false;
  statusCode = 0;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    const stop = watchWrites(socket, ([first]) => {
      stop();
      if (first !== undefined) this.#read(firstBytes(first));
    });
  }

  get writableFinished(): boolean {
    return this.headersSent && this.#socket.errored === null;
  }

  #read(text: string): void {
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
    if (status === undefined) return;
    this.statusCode = Number(status);
    this.headersSent = true;
  }
}

function firstBytes({ chunk }: Chunk): string {
  return typeof chunk === 'string' ? chunk.slice(0, 12) : Buffer.from(chunk).toString('latin1', 0, 12);
}
