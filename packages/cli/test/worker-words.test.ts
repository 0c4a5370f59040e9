import { expect, test } from 'vitest';
import { formatWorkerEvent } from '../src/words/worker-words.ts';

const attempt = { jobId: '7f0c1f3e-0000-4000-8000-000000000001', attempt: 2 };

test('a line about an attempt names its job once, and says why it ended', () => {
  const started = formatWorkerEvent({ type: 'attempt-started', attempt, command: 'gzip' });
  expect(started).toBe(`Job ${attempt.jobId}, attempt 2 runs gzip.`);
  const ended = { type: 'attempt-ended', attempt, command: 'gzip', outcome: 'timed_out' } as const;
  expect(formatWorkerEvent(ended)).toBe(`Job ${attempt.jobId}, attempt 2 timed out.`);
  const withReason = formatWorkerEvent({ ...ended, reason: 'it took longer than its timeout of 1 s' });
  expect(withReason).toBe(`Job ${attempt.jobId}, attempt 2 timed out: it took longer than its timeout of 1 s.`);
});
