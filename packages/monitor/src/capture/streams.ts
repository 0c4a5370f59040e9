import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';

export function isHttp2Server(server: Server): server is Server & Http2Server {
  return 'updateSettings' in server;
}

/**
 * Hears of each stream of an HTTP/2 server before the application does. By the server and not by its sessions:
 * of a session without TLS Node tells before the channel speaks of its socket.
 */
export function watchStreams(
  server: Http2Server,
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): void {
  server.prependListener('stream', onStream);
}
