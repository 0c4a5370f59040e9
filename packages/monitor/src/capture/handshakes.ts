import type { Server, Socket } from 'node:net';
import type { TLSSocket, Server as TlsServer } from 'node:tls';

export interface HandshakeListener {
  /** A handshake is done: the plaintext socket, over its raw one. */
  secured(socket: TLSSocket, raw: Socket | undefined): void;
  failed(raw: Socket | undefined, code: string): void;
}

type OverRaw = TLSSocket & { _parent?: Socket };

export function isTlsServer(server: Server): server is TlsServer {
  // Not by class: importing node:tls takes longer than all of the monitor's start.
  return 'getTicketKeys' in server;
}

/** Hears of a TLS server's handshakes before the HTTP server does. */
export function watchHandshakes(server: TlsServer, { secured, failed }: HandshakeListener): void {
  server.prependListener('secureConnection', (socket: OverRaw) => secured(socket, socket._parent));
  server.prependListener('tlsClientError', (error: NodeJS.ErrnoException, socket: OverRaw) =>
    failed(socket._parent, error.code ?? 'ERR_TLS'),
  );
}
