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
      const chunks = await store.logs.read(id, 0, 100);
      expect(chunks.map((chunk) => [chunk.sequence, chunk.stream, chunk.offset, text(chunk.bytes)])).toEqual([
        [1, 'stdout', 0, 'one '],
        [2, 'stderr', 0, 'oops'],
        [3, 'stdout', 4, 'two'],
      ]);
      expect(await store.logs.read(id, 2, 100)).toHaveLength(1);
    });

    test('a log past the limit is cut once, with a line that says so', async () => {
      const { store } = kit();
      const { submit, claimOne } = await kit().bench();
      const { id } = await submit();
      const ref = attemptRef(await claimOne());
      await store.logs.append({ ...ref, stream: 'stdout', offset: 0, bytes: bytes('first') });
      await kit().query('UPDATE weighbridge.attempts SET log_bytes = $2 WHERE job_id = $1', [
        id,
        limits.jobLogBytes - 3,
      ]);
      await store.logs.append({ ...ref, stream: 'stdout', offset: 5, bytes: bytes('second') });
      await store.logs.append({ ...ref, stream: 'stderr', offset: 0, bytes: bytes('third') });
      const chunks = await store.logs.read(id, 0, 100);
      expect(chunks.map((chunk) => [chunk.stream, text(chunk.bytes)])).toEqual([
        ['stdout', 'first'],
        ['stdout', 'sec'],
        ['system', `the log was cut here: a job keeps at most ${limits.jobLogBytes} bytes\n`],
      ]);
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
      const chunks = await store.logs.read(id, 0, 100);
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
          const chunks = await store.logs.read(id, 0, 100);
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
      expect((await store.logs.read(id, 0, 100)).map((chunk) => text(chunk.bytes))).toEqual(['0123456789']);
    });
  });
}
