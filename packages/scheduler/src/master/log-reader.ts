import { TextDecoder } from 'node:util';
import type { LogChunk } from '@weighbridge/protocol';
import type { Store, StoredLogChunk } from '../store/store.ts';

// At most 8 MiB in memory, as a chunk has at most 256 KiB.
const pageCount = 32;

/** Reads a job's log in order, as text; a character that two chunks share comes whole with the second. */
export class LogReader {
  readonly #store: Pick<Store, 'logs'>;
  readonly #jobId: string;
  readonly #decoders = new Map<string, TextDecoder>();
  #sequence = -1;

  constructor(store: Pick<Store, 'logs'>, jobId: string) {
    this.#store = store;
    this.#jobId = jobId;
  }

  /** What has come since the last call. */
  async *rest(): AsyncGenerator<LogChunk> {
    for (;;) {
      const page = await this.#store.logs(this.#jobId, this.#sequence, pageCount);
      for (const stored of page) yield this.#decode(stored);
      if (page.length < pageCount) return;
    }
  }

  #decode({ sequence, attempt, stream, offset, bytes }: StoredLogChunk): LogChunk {
    this.#sequence = sequence;
    const key = `${attempt}/${stream}`;
    const decoder = this.#decoders.get(key) ?? new TextDecoder('utf-8', { ignoreBOM: true });
    this.#decoders.set(key, decoder);
    return { attempt, stream, offset, text: decoder.decode(bytes, { stream: true }) };
  }
}
