import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One keep-alive connection for many small requests, each different; counts answers by their one-byte body `!`. */
export class RequestStream {
  readonly #socket: Socket;
  readonly #window: number;
  #answers = 0;
  #wake = () => {};

  private constructor(socket: Socket, window: number) {
    this.#socket = socket;
    this.#window = window;
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      for (const byte of data) if (byte === 0x21) this.#answers++;
      this.#wake();
    });
  }

  /** @param window requests that may stand unanswered; above 1 they are pipelined. */
  static async open(port: number, window = 1): Promise<RequestStream> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return new RequestStream(socket, window);
  }

  /** Sends `count` requests, each as `format` writes it. */
  async send(count: number, format: (index: number) => string): Promise<void> {
    for (let index = 0; index < count; ) {
      const until = Math.min(count, index + this.#window);
      const due = this.#answers + until - index;
      let text = '';
      for (; index < until; index++) text += format(index);
      this.#socket.write(text);
      while (this.#answers < due) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

export async function openStreams(port: number, count: number): Promise<RequestStream[]> {
  const streams: RequestStream[] = [];
  while (streams.length < count) streams.push(await RequestStream.open(port));
  return streams;
}

/** Has one request answered on each. */
export async function askEach(streams: readonly RequestStream[], request: string): Promise<void> {
  for (const stream of streams) await stream.send(1, () => request);
}

/** A request's head, as small clients write it. */
export function head(method: string, url: string, headers: Record<string, string | number> = {}): string {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
