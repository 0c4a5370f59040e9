import { TextDecoder } from 'node:util';
import type { LogChunk } from '@weighbridge/protocol';
import type { LogStore, StoredLogChunk } from '../../store/store.ts';

// At most 8 MiB in memory, as a chunk has at most 256 KiB.
const pageCount = 32;

/** Reads a job's log in order, as text; a character that two chunks share comes whole with the second. */
export class LogReader {
  readonly #logs: Pick<LogStore, 'read'>;
  readonly #jobId: string;
  readonly #decoders = new Map<string, TextDecoder>();
  #sequence = -1;

  constructor(logs: Pick<LogStore, 'read'>, jobId: string) {
    this.#logs = logs;
    this.#jobId = jobId;
  }

  /** What has come since the last call. */
  async *rest(): AsyncGenerator<LogChunk> {
    for (;;) {
      const page = await this.#logs.read(this.#jobId, this.#sequence, pageCount);
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
