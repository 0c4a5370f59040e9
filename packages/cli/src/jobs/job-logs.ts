import type { LogChunk } from '@weighbridge/protocol';

/** Finds what a log lacks: a chunk that begins after the end of the one before it. */
export class LogGaps {
  /** Where each stream of each attempt stands, in bytes. */
  readonly #ends = new Map<string, number>();
  readonly #firstOffset: number;
  #omittedBytes = 0;

  /** `firstOffset`: from which byte on the streams were asked for. */
  constructor(firstOffset = 0) {
    this.#firstOffset = firstOffset;
  }

  /** What was left out in all, in bytes. */
  get omittedBytes(): number {
    return this.#omittedBytes;
  }

  /** Takes the next chunk; gives what was left out before it, in bytes. */
  take({ attempt, stream, offset, sizeBytes }: LogChunk): number {
    const key = `${attempt}/${stream}`;
    const omitted = Math.max(0, offset - (this.#ends.get(key) ?? this.#firstOffset));
    this.#ends.set(key, offset + sizeBytes);
    this.#omittedBytes += omitted;
    return omitted;
  }
}

/** Prints a chunk of a job's log, each stream to its own, and before it what was left out. */
export function printLogChunk({ attempt, stream, text }: LogChunk, omittedBytes: number): void {
  if (omittedBytes > 0)
    process.stderr.write(
      `\nweighbridge: ${omittedBytes} bytes of ${stream} of attempt ${attempt} were left out here\n`,
    );
  if (stream === 'stdout') process.stdout.write(text);
  else process.stderr.write(stream === 'system' ? `weighbridge: ${text}${text.endsWith('\n') ? '' : '\n'}` : text);
}
