import type { ServerResponse } from 'node:http';
import type { ClaimedAttempt } from '@weighbridge/protocol';
import type { MasterContext } from '../context.ts';
import type { ClaimWish } from './claim-waiter.ts';

/** One claim from its request to its answer. What was claimed for a worker that has gone meanwhile is given back. */
export async function claimWork(
  context: MasterContext,
  wish: ClaimWish,
  waitSeconds: number,
  response: ServerResponse,
): Promise<ClaimedAttempt[]> {
  const { claims, metrics, stopping } = context;
  const gone = new AbortController();
  const leave = () => gone.abort();
  // It may have gone while its request was read; 'close' has been then.
  if (response.destroyed) leave();
  response.once('close', leave);
  try {
    const attempts = await claims.claim(wish, waitSeconds * 1000, AbortSignal.any([gone.signal, stopping]));
    metrics.claimAnswered(attempts.length > 0 ? 'claimed' : 'empty');
    if (gone.signal.aborted) await release(context, wish, attempts);
    else void observeWaits(context, attempts);
    return attempts;
  } catch (error) {
    metrics.claimAnswered('failed');
    throw error;
  } finally {
    response.off('close', leave);
  }
}

async function release(
  { store, metrics }: MasterContext,
  { node, session }: ClaimWish,
  attempts: ClaimedAttempt[],
): Promise<void> {
  for (const { jobId, attempt } of attempts) {
    const result = { session, outcome: 'released', reason: 'the worker left before it was told' } as const;
    metrics.completed(await store.complete({ jobId, attempt }, node, result), result, Date.now());
  }
}

// Beside the answer: the worker need not wait for a figure.
async function observeWaits({ store, metrics }: MasterContext, claimed: ClaimedAttempt[]): Promise<void> {
  for (const { jobId, attempt } of claimed) {
    const job = await store.job(jobId).catch(() => undefined);
    const started = job?.attempts.find(({ number }) => number === attempt);
    if (!job || !started) continue;
    const before = job.attempts.find(({ number }) => number === attempt - 1);
    const ready = [job.createdAt, job.startAfter, before?.endedAt].flatMap((at) =>
      at === undefined ? [] : [Date.parse(at)],
    );
    metrics.claimed(job.queue, (Date.parse(started.startedAt) - Math.max(...ready)) / 1000);
  }
}
