import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createProgress } from '../src/terminal/progress.ts';

/** A terminal that keeps what is written to it. */
function createTerminal(isTTY: boolean) {
  const written: string[] = [];
  const out = { isTTY, columns: 80, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  return { out, written };
}

test('a transfer on a terminal says how far it is and how fast, and leaves nothing behind', async () => {
  const { out, written } = createTerminal(true);
  let nowMs = 0;
  const progress = createProgress(out, () => nowMs);
  const chunks = Readable.from(
    (function* () {
      for (let n = 0; n < 4; n++) {
        nowMs += 500;
        yield Buffer.alloc(1_000_000);
      }
    })(),
  );
  expect(await buffer(progress.count(chunks, 'Uploading a.bin', 4_000_000))).toHaveLength(4_000_000);
  expect(written[1]).toMatch(/Uploading a\.bin {2}50 % {2}\(2\.0 MB of 4\.0 MB, [\d.]+ MB\/s\)$/);
  expect(written.at(-1)).toBe('\r\u001b[K');
});

test('a transfer in a pipe says nothing', async () => {
  const { out, written } = createTerminal(false);
  const progress = createProgress(out);
  expect(await buffer(progress.count(Readable.from([Buffer.from('abc')]), 'Uploading a', 3))).toHaveLength(3);
  expect(written).toEqual([]);
});
