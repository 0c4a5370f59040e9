import { limits } from '@weighbridge/protocol';
import { expect, test } from 'vitest';
import { resolveSubmission } from '../../src/store/jobs/submission.ts';

test('the digest of a submission tells everything apart that the job does', () => {
  const digest = (more: object) => resolveSubmission({ command: 'echo', idempotencyKey: 'k', ...more }).digest;
  const changes = [
    { args: ['x'] },
    { env: { A: '1' } },
    { slots: 2 },
    { priority: 1 },
    { retryLimit: 1 },
    { leaseSeconds: 20 },
    { retryBackoff: 1 },
    { lostRetryLimit: 1 },
  ];
  expect(new Set([{}, ...changes].map(digest)).size).toBe(changes.length + 1);
  expect(digest({ slots: 1, args: [] })).toBe(digest({}));
  // These defaults are no part of it: they may be others in a later version.
  expect(digest({ lostRetryLimit: limits.defaultLostRetryLimit })).not.toBe(digest({}));
  expect(digest({ leaseSeconds: limits.defaultLeaseSeconds })).not.toBe(digest({}));
});
