import { limits } from '@weighbridge/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attemptRef, bytes, type StoreKit, text } from './store-kit.ts';

export function describeLogs(kit: () => StoreKit): void {
  describe('logs', () => {
    test('a log is kept in order of arrival, and repeated bytes are not doubled', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      await store.logs.append({ ...ref, stream: 'stdout', offset: 0, bytes: bytes('one ') });
      await store.logs.append({ ...ref, stream: 'stderr', offset: 0, bytes: bytes('oops') });
      await store.logs.append({ ...ref, stream: 'stdout', offset: 0, bytes: bytes('one two') });
      await store.logs.append({ ...ref, stream: 'stdout', offset: 4, bytes: bytes('two') });
      const chunks = await store.logs.read(id, {}, 100);
      expect(chunks.map((chunk) => [chunk.sequence, chunk.stream, chunk.offset, text(chunk.bytes)])).toEqual([
        [1, 'stdout', 0, 'one '],
        [2, 'stderr', 0, 'oops'],
        [3, 'stdout', 4, 'two'],
      ]);
      expect(await store.logs.read(id, { after: 2 }, 100)).toHaveLength(1);
    });

    test('of each stream head and tail are kept, however much comes, and the other streams with them', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      await store.logs.append({ ...ref, stream: 'stderr', offset: 0, bytes: bytes('early') });
      const size = 256 * 1024;
      const total = 80 * size;
      const chunk = (n: number) => new Uint8Array(size).fill(n);
      for (let n = 0; n < 80; n++)
        await store.logs.append({ ...ref, stream: 'stdout', offset: n * size, bytes: chunk(n) });
      await store.logs.append({ ...ref, stream: 'stderr', offset: 5, bytes: bytes(' late') });

      const kept = await store.logs.read(id, { stream: 'stdout' }, 1000);
      const places = kept.map(({ offset }) => offset / size);
      const [head, tail] = [limits.logHeadBytes / size, limits.logTailBytes / size];
      expect(places.slice(0, head)).toEqual(Array.from({ length: head }, (_, n) => n));
      expect(places.slice(-tail)).toEqual(Array.from({ length: tail }, (_, n) => 80 - tail + n));
      // A little more than that, because the middle goes in steps.
      expect(places.length).toBeLessThanOrEqual(head + tail + 2);
      expect(kept.every(({ offset, bytes }) => bytes[0] === offset / size)).toBe(true);
      expect(kept.at(-1)?.offset).toBe(total - size);
      const errors = await store.logs.read(id, { stream: 'stderr' }, 10);
      expect(errors.map((one) => text(one.bytes)).join('')).toBe('early late');
      expect(await store.logs.read(id, { attempt: 2 }, 10)).toEqual([]);
      const fromOffset = { attempt: 1, stream: 'stdout', offset: total - 10 } as const;
      expect((await store.logs.read(id, fromOffset, 10)).map(({ offset }) => offset)).toEqual([total - size]);
    });

    test('a chunk may begin after what came before it, and one before it is no longer new', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      await store.logs.append({ ...ref, stream: 'stdout', offset: 0, bytes: bytes('head') });
      await store.logs.append({ ...ref, stream: 'stdout', offset: 100, bytes: bytes('tail') });
      await store.logs.append({ ...ref, stream: 'stdout', offset: 4, bytes: bytes('between') });
      const chunks = await store.logs.read(id, {}, 10);
      expect(chunks.map(({ offset, bytes }) => [offset, text(bytes)])).toEqual([
        [0, 'head'],
        [100, 'tail'],
      ]);
    });

    test('the logs of the first and the last attempts are kept', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 100 });
      for (let n = 1; n <= limits.logAttempts + 3; n++) {
        const ref = attemptRef(await claimOne());
        await store.logs.append({ ...ref, stream: 'stdout', offset: 0, bytes: bytes(`${n}`) });
        await store.attempts.complete(ref, node, { session, outcome: 'failed', exitCode: 1 });
      }
      const attempts = (await store.logs.read(id, {}, 100)).map(({ attempt }) => attempt);
      expect(attempts).toEqual([1, ...Array.from({ length: limits.logAttempts - 1 }, (_, n) => n + 5)]);
    });

    test('a retry goes on with the log of its job', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const { id } = await submit({ retryLimit: 1 });
      const first = attemptRef(await claimOne());
      await store.logs.append({ ...first, stream: 'stdout', offset: 0, bytes: bytes('first') });
      await store.attempts.complete(first, node, { session, outcome: 'failed', exitCode: 1 });
      const second = attemptRef(await claimOne());
      await store.logs.append({ ...second, stream: 'stdout', offset: 0, bytes: bytes('second') });
      const chunks = await store.logs.read(id, {}, 100);
      expect(chunks.map((chunk) => [chunk.sequence, chunk.attempt, text(chunk.bytes)])).toEqual([
        [1, 1, 'first'],
        [2, 2, 'second'],
      ]);
    });

    test('chunks sent again, in any cut, give the stream once and whole', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench({ slots: 1000 });
      const cuts = fc.array(fc.nat(40), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), cuts, async (stream, starts) => {
          const { id } = await submit();
          const ref = attemptRef(await claimOne());
          let position = 0;
          for (const start of [...starts, 0]) {
            // A worker goes on from what it knows to have been taken, or from before it.
            const offset = Math.min(start, position);
            await store.logs.append({ ...ref, stream: 'stdout', offset, bytes: stream.subarray(offset) });
            position = stream.length;
          }
          const chunks = await store.logs.read(id, {}, 100);
          expect(Buffer.concat(chunks.map((chunk) => chunk.bytes))).toEqual(Buffer.from(stream));
        }),
        { numRuns: 50 },
      );
    });

    test('chunks of one attempt that come at once keep their order by sequence and are not doubled', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      const all = bytes('0123456789');
      const sendings = Array.from({ length: 30 }, () =>
        store.logs.append({ ...ref, stream: 'stdout', offset: 0, bytes: all }),
      );
      await Promise.all(sendings);
      expect((await store.logs.read(id, {}, 100)).map((chunk) => text(chunk.bytes))).toEqual(['0123456789']);
    });
  });
}
