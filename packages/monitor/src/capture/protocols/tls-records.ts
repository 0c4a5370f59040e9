import type { TLSSocket } from 'node:tls';
import { chunksLength } from '../sockets/counters.ts';
import type { SocketHooks } from '../sockets/socket-hooks.ts';

/** Most plaintext of one record (RFC 8446, section 5.1). */
const recordBytes = 16_384;

/**
 * Bytes around one record's plaintext: header and tag, in TLS 1.3 the inner content type (RFC 8446, section
 * 5.2), in TLS 1.2 with AES-GCM the explicit nonce (RFC 5288, section 3).
 */
function recordOverhead(socket: TLSSocket): number {
  if (socket.getProtocol() === 'TLSv1.3') return 22;
  return socket.getCipher().name.includes('CHACHA20') ? 21 : 29;
}

/** Ciphertext of `plaintext` bytes in records as full as they can be. */
export function ciphertextLength(socket: TLSSocket, plaintext: number): number {
  return plaintext + Math.ceil(plaintext / recordBytes) * recordOverhead(socket);
}

/** Ciphertext of what the application writes from now on: each write begins a record of its own. */
export class WrittenRecords {
  ciphertext = 0;
  #isStopped = false;

  constructor(socket: TLSSocket, hooks: SocketHooks) {
    hooks.watchWrites((chunks) => {
      if (!this.#isStopped) this.ciphertext += ciphertextLength(socket, chunksLength(chunks));
      return this.#isStopped;
    });
  }

  stop(): void {
    this.#isStopped = true;
  }
}
