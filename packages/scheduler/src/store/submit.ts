import { type Job, type JobSubmission, ProblemError } from '@weighbridge/protocol';
import type { JobInsert } from 'pg-boss';
import type { StoreContext } from './context.ts';
import type { Queryable } from './database.ts';
import { jobOf } from './job-rows.ts';
import { selectJobs } from './queue-statements.ts';
import { type Signal, signal } from './signals.ts';
import { type ResolvedSubmission, resolveSubmission } from './submission.ts';

/** The worker ends an overdue job itself; pg-boss's expiry is for one that doesn't, and takes a day at most. */
const expireInSeconds = (timeoutSeconds: number) => Math.min(86_400, timeoutSeconds + 60);

function insertOf({ id, priority, data }: ResolvedSubmission): JobInsert {
  return {
    id,
    data,
    priority,
    retryLimit: data.retryLimit,
    expireInSeconds: expireInSeconds(data.timeoutSeconds),
    ...(data.startAfter === undefined ? {} : { startAfter: data.startAfter }),
  };
}

/** Stores all or none; the ids of those that were not there before. */
async function insert(context: StoreContext, tx: Queryable, jobs: ResolvedSubmission[]): Promise<Set<string>> {
  const created = new Set<string>();
  for (const [queue, group] of Map.groupBy(jobs, (job) => job.queue)) {
    const unique = [...new Map(group.map((job) => [job.id, job])).values()];
    const ids = await context.boss.insert(queue, unique.map(insertOf), { db: tx.boss, returnId: true });
    for (const id of ids ?? []) created.add(id);
  }
  return created;
}

async function nameBlobs(tx: Queryable, jobs: ResolvedSubmission[]): Promise<void> {
  const uses = jobs.flatMap(({ id, data }) => data.files.inputs.map(({ sha256 }) => ({ sha256, id })));
  if (uses.length === 0) return;
  await tx.query(
    `INSERT INTO weighbridge.blob_uses (sha256, job_id)
     SELECT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING`,
    [uses.map((use) => use.sha256), uses.map((use) => use.id)],
  );
}

function signalsOf(jobs: ResolvedSubmission[]): Signal[] {
  return jobs.map(({ queue, data }) => ({ kind: data.startAfter === undefined ? 'ready' : 'due', subject: queue }));
}

function assertSameBody(submission: ResolvedSubmission, digest: string | undefined): void {
  if (!submission.keyed || digest === submission.data.digest) return;
  throw new ProblemError(
    'idempotency-mismatch',
    `the idempotency key was used before in queue ${submission.queue} with another body, for job ${submission.id}`,
  );
}

export async function submit(
  context: StoreContext,
  submissions: JobSubmission[],
): Promise<{ job: Job; created: boolean }[]> {
  const resolved = submissions.map(resolveSubmission);
  await context.queues.ensure(resolved.map((job) => job.queue));
  return context.database.transaction(async (tx) => {
    const created = await insert(context, tx, resolved);
    const fresh = resolved.filter((job) => created.has(job.id));
    await nameBlobs(tx, fresh);
    await signal(tx, signalsOf(fresh));
    const rows = await tx.query(`${selectJobs} WHERE j.id = ANY($1::uuid[])`, [resolved.map((job) => job.id)]);
    const byId = new Map(rows.map((row) => [row.id as string, row]));
    return resolved.map((submission) => {
      const row = byId.get(submission.id);
      assertSameBody(submission, row.data.digest);
      // Of two equal ones in one call only the first is new.
      return { job: jobOf(row), created: created.delete(submission.id) };
    });
  });
}
