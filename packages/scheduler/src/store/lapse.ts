import type { AttemptRef } from '@weighbridge/protocol';
import { isEnded } from '@weighbridge/protocol';
import { type Ending, endAttempt, lockAttempt } from './attempts.ts';
import type { StoreContext } from './context.ts';
import type { Queryable, Row } from './database.ts';
import { lapsedAttempts } from './queue-statements.ts';
import type { LapsedAttempt } from './store.ts';

/** pg-boss's expiry may have been first; it takes a worker that lives on past the job's timeout. */
function endingOf(row: Row, reason: string): Ending {
  const expired = row.job_state !== 'active' && row.job_state !== 'cancelled';
  return expired ? { outcome: 'timed_out', reason: 'it ran past its timeout' } : { outcome: 'lost', reason };
}

/** Its job was claimed again meanwhile, so there is a later attempt, and nothing to move. */
async function closeSuperseded(tx: Queryable, { jobId, attempt }: AttemptRef): Promise<undefined> {
  await tx.query(
    `UPDATE weighbridge.attempts SET ended_at = now(), outcome = 'lost'
     WHERE job_id = $1::uuid AND number = $2 AND outcome IS NULL`,
    [jobId, attempt],
  );
}

async function endOne(
  context: StoreContext,
  tx: Queryable,
  ref: AttemptRef,
  reason: string,
): Promise<LapsedAttempt | undefined> {
  const row = await lockAttempt(tx, ref);
  if (!row) return closeSuperseded(tx, ref);
  const state = await endAttempt(context, tx, row, endingOf(row, reason));
  return { ...ref, node: row.node, queue: row.queue, jobEnded: isEnded(state) };
}

/** Ends open attempts as lost; a job with retries left goes back to its queue. */
export async function endLapsed(
  context: StoreContext,
  tx: Queryable,
  rows: Row[],
  reason: string,
): Promise<LapsedAttempt[]> {
  const lapsed: LapsedAttempt[] = [];
  for (const row of rows) {
    const one = await endOne(context, tx, { jobId: row.job_id, attempt: row.number }, reason);
    if (one) lapsed.push(one);
  }
  return lapsed;
}

/** Attempts that one pass ends; the rest wait for the next. */
const passLimit = 500;

/** One pass over the lapsed leases, a transaction each. */
export async function supervise(context: StoreContext): Promise<LapsedAttempt[]> {
  const rows = await context.database.query(lapsedAttempts, [passLimit]);
  const lapsed: LapsedAttempt[] = [];
  for (const row of rows) {
    lapsed.push(
      ...(await context.database.transaction((tx) => endLapsed(context, tx, [row], 'the lease of its node lapsed'))),
    );
  }
  return lapsed;
}
