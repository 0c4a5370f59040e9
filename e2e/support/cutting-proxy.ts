import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Cut {
  matches: string;
  /** Called at the first byte of the answer, which is passed to nobody. */
  act: () => void;
  done: PromiseWithResolvers<void>;
}

/** A TCP proxy that can lose the answer to one request: what was asked for has happened, and the caller doesn't hear of it. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #target: () => number;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;

  private constructor(target: () => number) {
    this.#target = target;
    this.#server = createServer((socket) => this.#pass(socket));
  }

  /** `target` gives the port of 127.0.0.1 for each new connection. */
  static async listen(target: () => number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of the next request that holds this text, the answer is lost; `act` is called in its place. Resolves then. */
  loseAnswerTo(text: string, act: () => void): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#cut = { matches: text, act, done };
    return done.promise;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(client: Socket): void {
    const target = connect(this.#target(), '127.0.0.1');
    let cut: Cut | undefined;
    const both = [client, target];
    const end = () => both.forEach((socket) => void socket.destroy());
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('data', (chunk) => {
      if (this.#cut && chunk.includes(this.#cut.matches)) {
        cut = this.#cut;
        this.#cut = undefined;
      }
      target.write(chunk);
    });
    target.on('data', (chunk) => {
      if (!cut) {
        client.write(chunk);
        return;
      }
      cut.act();
      cut.done.resolve();
      end();
    });
  }
}
