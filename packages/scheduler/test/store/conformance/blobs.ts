import { describe, expect, test } from 'vitest';
import { attemptRef, type StoreKit } from './store-kit.ts';

export function describeBlobs(kit: () => StoreKit): void {
  describe('blobs', () => {
    test('blobs that kept jobs name are in use, as inputs and as outputs', async () => {
      const { store } = kit();
      const { node, session, submit, claimOne } = await kit().bench();
      const [input, made, stray] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string];
      await submit({ files: { inputs: [{ name: 'a', sha256: input }] } });
      const outputs = [{ name: 'b', sha256: made, sizeBytes: 1 }];
      await store.attempts.complete(attemptRef(await claimOne()), node, { session, outcome: 'succeeded', outputs });
      expect(await store.blobs.inUse([input, made, stray])).toEqual(new Set([input, made]));
    });
  });
}
