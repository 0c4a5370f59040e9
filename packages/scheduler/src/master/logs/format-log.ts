import type { LogReader } from './log-reader.ts';

/** A log as JSON, written page by page: a whole one may have many megabytes. */
export async function* formatLogAsJson(reader: LogReader): AsyncGenerator<string> {
  yield '{"chunks":[';
  let separator = '';
  for await (const chunk of reader.rest()) {
    yield separator + JSON.stringify(chunk);
    separator = ',';
  }
  yield ']}';
}

/**
 * A log as it was written, with a line where something was left out. `firstOffset`: from which byte on each stream was asked
 * for; `undefined` where it was from a sequence on, and nobody knows what came before.
 */
export async function* formatLogAsText(reader: LogReader, firstOffset: number | undefined): AsyncGenerator<Uint8Array> {
  const ends = new Map<string, number>();
  for await (const { attempt, stream, offset, bytes } of reader.bytes()) {
    const key = `${attempt}/${stream}`;
    const omitted = offset - (ends.get(key) ?? firstOffset ?? offset);
    if (omitted > 0) yield Buffer.from(`\n[${omitted} bytes of ${stream} of attempt ${attempt} were left out here]\n`);
    ends.set(key, offset + bytes.length);
    yield bytes;
  }
}
