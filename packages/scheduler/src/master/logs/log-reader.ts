import { TextDecoder } from 'node:util';
import type { LogChunk, LogFilter } from '@weighbridge/protocol';
import type { LogStore, StoredLogChunk } from '../../store/store.ts';

// At most 8 MiB in memory, as a chunk has at most 256 KiB.
const pageCount = 32;

/** Reads a job's log in order. */
export class LogReader {
  readonly #logs: Pick<LogStore, 'read'>;
  readonly #jobId: string;
  readonly #filter: LogFilter;
  readonly #decoders = new Map<string, TextDecoder>();
  #after: number;

  constructor(logs: Pick<LogStore, 'read'>, jobId: string, filter: LogFilter = {}) {
    this.#logs = logs;
    this.#jobId = jobId;
    this.#filter = filter;
    this.#after = filter.after ?? 0;
  }

  /** What has come since the last call, as text; a character that two chunks share comes whole with the second. */
  async *rest(): AsyncGenerator<LogChunk> {
    for await (const { bytes, ...chunk } of this.bytes()) {
      const key = `${chunk.attempt}/${chunk.stream}`;
      const decoder = this.#decoders.get(key) ?? new TextDecoder('utf-8', { ignoreBOM: true });
      this.#decoders.set(key, decoder);
      yield { ...chunk, sizeBytes: bytes.length, text: decoder.decode(bytes, { stream: true }) };
    }
  }

  /** The same, as it was written. */
  async *bytes(): AsyncGenerator<StoredLogChunk> {
    for (;;) {
      const page = await this.#logs.read(this.#jobId, { ...this.#filter, after: this.#after }, pageCount);
      for (const chunk of page) {
        this.#after = chunk.sequence;
        yield this.#cut(chunk);
      }
      if (page.length < pageCount) return;
    }
  }

  /** Without what lies before the offset that was asked for. */
  #cut(chunk: StoredLogChunk): StoredLogChunk {
    const before = (this.#filter.offset ?? 0) - chunk.offset;
    return before <= 0 ? chunk : { ...chunk, offset: chunk.offset + before, bytes: chunk.bytes.subarray(before) };
  }
}
