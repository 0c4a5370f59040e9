import { type AttemptRef, ProblemError } from '@weighbridge/protocol';

export const staleAttempt = ({ jobId, attempt }: AttemptRef) =>
  new ProblemError('stale-attempt', `attempt ${attempt} of job ${jobId} is not the current one`);
