import type { LogChunk } from '@weighbridge/protocol';

/**
 * Prints a job's log chunk by chunk, each stream to its own; a chunk seen before (a stream followed anew starts
 * from the beginning) is printed once.
 */
export class LogPrinter {
  readonly #printed = new Map<string, number>();

  print(chunk: LogChunk): void {
    const fresh = this.#fresh(chunk);
    if (fresh !== undefined) write(fresh);
  }

  #fresh(chunk: LogChunk): LogChunk | undefined {
    const key = `${chunk.attempt}/${chunk.stream}`;
    const printed = this.#printed.get(key) ?? -1;
    if (chunk.offset <= printed) return undefined;
    this.#printed.set(key, chunk.offset);
    return chunk;
  }
}

function write({ stream, text }: LogChunk): void {
  if (stream === 'stdout') process.stdout.write(text);
  else process.stderr.write(stream === 'system' ? `weighbridge: ${text}${text.endsWith('\n') ? '' : '\n'}` : text);
}
