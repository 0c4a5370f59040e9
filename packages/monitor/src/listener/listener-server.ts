import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { builtin } from '../builtin.ts';
import type { Listener } from './listener.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A server of its own for a {@link Listener}. Keeps no application alive that has ended otherwise. */
export class ListenerServer {
  readonly server: Server;
  readonly #listener: Listener;

  private constructor(server: Server, listener: Listener) {
    this.server = server;
    this.#listener = listener;
    server.on('request', (request, response) => void this.#listener.handle(request, response));
    server.on('connection', (socket) => socket.unref());
    server.unref();
  }

  /**
   * @param createListener called once the address was to be had.
   * @param created called before the server listens: the monitor may leave it out.
   * @throws the system's error when the address can't be listened on.
   */
  static async open(
    createListener: () => Listener,
    { host, port }: Address,
    created: (server: Server) => void,
  ): Promise<ListenerServer> {
    const server = builtin('node:http').createServer();
    created(server);
    // Exclusive: in a cluster's worker the address would else be the primary's, and shared among all workers.
    server.listen({ host, port, exclusive: true });
    server.unref();
    await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject));
    return new ListenerServer(server, createListener());
  }

  get address(): Address {
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }

  async close(): Promise<void> {
    this.#listener.close();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
