import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Api } from './api.ts';

/**
 * Stores a file unless it is there already, and gives its SHA-256. Not `crypto.subtle`: that wants the file in memory, and is
 * missing on a page without TLS.
 *
 * @param onBytes bytes that were read, and then bytes that were sent: each counts once.
 */
export async function uploadFile(
  api: Api,
  file: File,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const digest = await hashFile(file, onBytes, signal);
  if (await api.hasBlob(digest, signal)) onBytes(file.size);
  else await api.putBlob(digest, file, onBytes, signal);
  return digest;
}

async function hashFile(file: File, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  for (;;) {
    signal.throwIfAborted();
    const { done, value } = await reader.read();
    if (done) return bytesToHex(hash.digest());
    hash.update(value);
    onBytes(value.length);
  }
}
