import type { TLSSocket } from 'node:tls';

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

/**
 * Ciphertext of what was decrypted so far, when the records are as full as they can be. Needed only where a
 * client's first request came in the same read as the end of its handshake.
 */
export function ciphertextOf(socket: TLSSocket): number {
  const plaintext = socket.bytesRead;
  return plaintext === 0 ? 0 : plaintext + Math.ceil(plaintext / recordBytes) * recordOverhead(socket);
}
