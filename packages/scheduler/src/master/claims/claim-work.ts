import type { ServerResponse } from 'node:http';
import type { ClaimReply } from '@weighbridge/protocol';
import type { Claim } from '../../store/store.ts';
import type { MasterContext } from '../context.ts';
import type { NodeClaim } from './claim-waiter.ts';

/** One claim from its request to its answer. What was claimed for a worker that has gone meanwhile is given back. */
export async function claimWork(
  context: MasterContext,
  request: NodeClaim,
  waitSeconds: number,
  response: ServerResponse,
): Promise<ClaimReply> {
  const { claims, metrics, stopping } = context;
  const gone = new AbortController();
  const leave = () => gone.abort();
  // It may have gone while its request was read; 'close' has been then.
  if (response.destroyed) leave();
  response.once('close', leave);
  try {
    const { claimed, waitedSeconds } = await claims.claim(
      request,
      waitSeconds * 1000,
      AbortSignal.any([gone.signal, stopping]),
    );
    metrics.claimAnswered(claimed.length > 0 ? 'claimed' : 'empty');
    if (gone.signal.aborted) await release(context, request, claimed);
    else for (const { attempt, waitSeconds } of claimed) metrics.claimed(attempt.queue, waitSeconds);
    return { attempts: claimed.map(({ attempt }) => attempt), waitedSeconds };
  } catch (error) {
    metrics.claimAnswered('failed');
    throw error;
  } finally {
    response.off('close', leave);
  }
}

async function release(
  { store, metrics }: MasterContext,
  { node, session }: NodeClaim,
  claimed: Claim[],
): Promise<void> {
  for (const {
    attempt: { jobId, attempt },
  } of claimed) {
    const result = { session, outcome: 'released', reason: 'the worker left before it was told' } as const;
    metrics.completed(await store.attempts.complete({ jobId, attempt }, node, result), result, Date.now());
  }
}
