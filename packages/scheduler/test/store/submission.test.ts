import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { admit } from '../../src/store/logs.ts';
import { idOfKey, resolveSubmission } from '../../src/store/submission.ts';

describe('the id of an idempotency key', () => {
  test('is a UUIDv5 and always the same', () => {
    expect(idOfKey('default', 'k')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(idOfKey('default', 'k')).toBe(idOfKey('default', 'k'));
  });

  test('differs by queue and by key, wherever one ends and the other begins', () => {
    const ids = [idOfKey('a', 'bc'), idOfKey('ab', 'c'), idOfKey('a', 'b'), idOfKey('b', 'a')];
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('goes with a digest of everything that the job does', () => {
    const digest = (more: object) => resolveSubmission({ command: 'echo', idempotencyKey: 'k', ...more }).data.digest;
    const changes = [{ args: ['x'] }, { env: { A: '1' } }, { slots: 2 }, { priority: 1 }, { retryLimit: 1 }];
    expect(new Set([{}, ...changes].map(digest)).size).toBe(changes.length + 1);
    expect(digest({ slots: 1, args: [] })).toBe(digest({}));
  });
});

describe('what of a log chunk is kept', () => {
  test('chunks sent again, in any cut, give the stream once and whole', () => {
    const cuts = fc.array(fc.nat(40), { maxLength: 12 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), cuts, (stream, starts) => {
        let position = 0;
        const kept: number[] = [];
        for (const start of [...starts, 0]) {
          // A worker goes on from what it knows to have been taken, or from before it.
          const offset = Math.min(start, position);
          const chunk = admit({ offset, bytes: stream.subarray(offset) }, position, Number.POSITIVE_INFINITY);
          kept.push(...chunk.bytes);
          position = chunk.offset + chunk.bytes.length;
        }
        expect(kept).toEqual([...stream]);
      }),
    );
  });

  test('never more than there is room for, and a cut is said only when something is lost', () => {
    const bytes = new Uint8Array(10);
    expect(admit({ offset: 0, bytes }, 0, 10)).toMatchObject({ cut: false });
    expect(admit({ offset: 0, bytes }, 4, 6)).toMatchObject({ offset: 4, cut: false });
    expect(admit({ offset: 0, bytes }, 0, 9)).toMatchObject({ bytes: new Uint8Array(9), cut: true });
    expect(admit({ offset: 0, bytes }, 0, -1)).toMatchObject({ bytes: new Uint8Array(0), cut: true });
    expect(admit({ offset: 0, bytes }, 10, 0)).toMatchObject({ bytes: new Uint8Array(0), cut: false });
  });
});
