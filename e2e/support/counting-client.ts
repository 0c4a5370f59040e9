import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What one exchange moved over its own connection, by the client's socket. */
export interface Counted {
  status: number;
  bytesWritten: number;
  bytesRead: number;
}

/** Sends one request on a connection of its own and counts what that connection moved, heads and all. */
export async function countedExchange(
  url: string,
  options: RequestOptions,
  file?: string,
  sink: Writable = discard(),
): Promise<Counted> {
  const agent = new Agent({ keepAlive: false });
  const sent = request(url, { ...options, agent });
  const socketKnown = once(sent, 'socket') as Promise<[Socket]>;
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  if (file === undefined) sent.end();
  else await pipeline(createReadStream(file), sent);
  const [[socket], [response]] = await Promise.all([socketKnown, answered]);
  const closed = socket.closed ? Promise.resolve() : once(socket, 'close');
  await pipeline(response, sink);
  await closed;
  return { status: response.statusCode ?? 0, bytesWritten: socket.bytesWritten, bytesRead: socket.bytesRead };
}

function discard(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
