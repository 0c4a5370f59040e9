import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { limits } from '@weighbridge/protocol';

/** The worker's end of one output stream of a command. */
export interface OutputPipe {
  /** Where the guard connects the command's end. */
  path: string;
  /** Settles when it is connected. */
  stream: Promise<Socket>;
  /** Gives up what is not connected yet. */
  close(): void;
}

/** Listens for one connection on a unix socket. */
export async function openOutputPipe(path: string): Promise<OutputPipe> {
  const server = createServer({ highWaterMark: limits.logChunkBytes });
  const { promise: stream, resolve, reject } = Promise.withResolvers<Socket>();
  stream.catch(() => {}); // Closed before anyone asked.
  server.once('connection', (socket) => {
    socket.on('error', () => {}); // A reset by a killed command: the stream ends.
    server.close();
    resolve(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  const close = () => {
    server.close();
    reject(new Error('the command was not started'));
  };
  return { path, stream, close };
}
