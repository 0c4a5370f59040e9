import type { LogChunk } from '@weighbridge/protocol';

/** Prints a job's log chunk by chunk, each stream to its own, and says where something was left out. */
export class LogPrinter {
  /** Where each stream of each attempt stands, in bytes. */
  readonly #ends = new Map<string, number>();
  readonly #firstOffset: number;
  #omittedBytes = 0;

  /** `firstOffset`: from which byte on the streams were asked for. */
  constructor(firstOffset = 0) {
    this.#firstOffset = firstOffset;
  }

  /** What the log lacks, in bytes. */
  get omittedBytes(): number {
    return this.#omittedBytes;
  }

  print(chunk: LogChunk): void {
    const key = `${chunk.attempt}/${chunk.stream}`;
    const omitted = chunk.offset - (this.#ends.get(key) ?? this.#firstOffset);
    this.#ends.set(key, chunk.offset + chunk.sizeBytes);
    if (omitted > 0) {
      this.#omittedBytes += omitted;
      process.stderr.write(
        `\nweighbridge: ${omitted} bytes of ${chunk.stream} of attempt ${chunk.attempt} were left out here\n`,
      );
    }
    write(chunk);
  }
}

function write({ stream, text }: LogChunk): void {
  if (stream === 'stdout') process.stdout.write(text);
  else process.stderr.write(stream === 'system' ? `weighbridge: ${text}${text.endsWith('\n') ? '' : '\n'}` : text);
}
