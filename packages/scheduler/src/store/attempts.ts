import {
  type AttemptOutcome,
  type AttemptRef,
  type AttemptResult,
  type JobState,
  ProblemError,
} from '@weighbridge/protocol';
import type { StoreContext } from './context.ts';
import type { Queryable, Row } from './database.ts';
import type { JobOutput } from './job-rows.ts';
import { forbidRetry, jobState, openAttempt, releaseJob } from './queue-statements.ts';
import { type Signal, signal } from './signals.ts';
import { assertStorable } from './storable.ts';

/** How an attempt ends, whoever says so. */
export interface Ending extends JobOutput {
  outcome: AttemptOutcome;
}

export const staleAttempt = ({ jobId, attempt }: AttemptRef) =>
  new ProblemError('stale-attempt', `attempt ${attempt} of job ${jobId} is not the current one`);

/** The attempt's row, locked, while it runs and is the job's current one. */
export async function lockAttempt(tx: Queryable, { jobId, attempt }: AttemptRef): Promise<Row | undefined> {
  const [row] = await tx.query(openAttempt, [jobId, attempt]);
  return row;
}

/** Moves the job's row by what its attempt came to. */
async function settleJob({ boss }: StoreContext, tx: Queryable, row: Row, ending: Ending): Promise<void> {
  const { queue, job_id: id } = row;
  const claim = { id, retryCount: row.retry_count };
  const on = { db: tx.boss };
  switch (ending.outcome) {
    case 'succeeded':
      await boss.complete(queue, claim, ending, on);
      return;
    case 'cancelled':
      await boss.cancel(queue, claim, on);
      return;
    case 'released':
      await tx.query(releaseJob, [queue, id]);
      return;
    case 'refused':
      await tx.query(forbidRetry, [queue, id]);
      await boss.fail(queue, claim, ending, on);
      return;
    case 'failed':
    case 'timed_out':
    case 'lost':
      await boss.fail(queue, claim, ending, on);
  }
}

/** Ends a locked attempt and moves its job, in the caller's transaction. The job's state now. */
export async function endAttempt(context: StoreContext, tx: Queryable, row: Row, ending: Ending): Promise<JobState> {
  // Cancelled, expired or deleted meanwhile: there is nothing left to move.
  if (row.job_state === 'active') await settleJob(context, tx, row, ending);
  await tx.query(
    `UPDATE weighbridge.attempts
     SET ended_at = now(), outcome = $3, exit_code = $4, signal = $5, reason = $6
     WHERE job_id = $1::uuid AND number = $2`,
    [row.job_id, row.number, ending.outcome, ending.exitCode ?? null, ending.signal ?? null, ending.reason ?? null],
  );
  const [now] = await tx.query(jobState, [row.queue, row.job_id]);
  const state: JobState = now?.state ?? 'failed';
  const signals: Signal[] = [{ kind: 'job', subject: row.job_id }];
  if (state === 'queued') signals.push({ kind: 'ready', subject: row.queue });
  if (state === 'scheduled') signals.push({ kind: 'due', subject: row.queue });
  await signal(tx, signals);
  return state;
}

async function nameOutputs(tx: Queryable, jobId: string, outputs: { sha256: string }[]): Promise<void> {
  if (outputs.length === 0) return;
  await tx.query(
    `INSERT INTO weighbridge.blob_uses (sha256, job_id)
     SELECT sha256, $2::uuid FROM unnest($1::text[]) AS named (sha256) ON CONFLICT DO NOTHING`,
    [outputs.map((output) => output.sha256), jobId],
  );
}

export async function complete(context: StoreContext, ref: AttemptRef, node: string, result: AttemptResult) {
  const { session, ...ending } = result;
  assertStorable(ending, 'result');
  return context.database.transaction(async (tx) => {
    const row = await lockAttempt(tx, ref);
    if (!row || row.node !== node || row.session !== session) throw staleAttempt(ref);
    if (ending.outcome === 'succeeded') await nameOutputs(tx, ref.jobId, ending.outputs ?? []);
    const state = await endAttempt(context, tx, row, ending as Ending);
    return { queue: row.queue as string, state, startedAt: (row.started_at as Date).toISOString() };
  });
}
