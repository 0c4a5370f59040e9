import type { JobState } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement } from '../database/statement.ts';

const retryEndedJob = defineStatement({
  name: 'retry_ended_job',
  parameters: { id: 'uuid' },
  columns: { state: 'text', sent: 'int4' },
  sql: ({ id }) => `
    WITH RECURSIVE parents AS (
      SELECT bool_and(p.state = 'succeeded') AS have_succeeded,
        bool_or(p.state IN ('failed', 'timed_out', 'cancelled')) AS have_failed
      FROM weighbridge.dependencies d JOIN weighbridge.jobs p ON p.id = d.parent_id WHERE d.job_id = ${id}
    ),
    retried AS (
      UPDATE weighbridge.jobs j SET
        state = CASE
          WHEN NOT parents.have_succeeded THEN 'blocked'
          WHEN j.start_after > now() THEN 'scheduled'
          ELSE 'queued'
        END,
        run_at = greatest(now(), j.start_after), started_at = NULL, ended_at = NULL, outputs = NULL,
        failure_count = 0, lost_count = 0, reason = NULL, cancelled_by = NULL
      FROM parents
      WHERE j.id = ${id} AND j.state IN ('failed', 'timed_out', 'cancelled') AND parents.have_failed IS NOT TRUE
      RETURNING j.id, j.queue, j.state
    ),
    descendants AS (
      SELECT d.job_id AS id FROM retried r JOIN weighbridge.dependencies d ON d.parent_id = r.id
      UNION
      SELECT d.job_id FROM descendants x JOIN weighbridge.dependencies d ON d.parent_id = x.id
    ),
    revived AS (
      UPDATE weighbridge.jobs c SET state = 'blocked', ended_at = NULL, reason = NULL, cancelled_by = NULL
      FROM descendants x WHERE c.id = x.id AND c.state = 'cancelled' AND c.cancelled_by = ${id}
      RETURNING c.id
    ),
    announced AS (
      SELECT ${notify('job', 'one.id')} FROM (SELECT id FROM retried UNION ALL SELECT id FROM revived) one
      UNION ALL
      SELECT CASE WHEN r.state = 'queued' THEN ${notify('ready', 'r.queue')} ELSE ${notify('due', 'r.queue')} END
      FROM retried r WHERE r.state <> 'blocked'
    )
    SELECT r.state, (SELECT count(*) FROM announced)::int AS sent FROM retried r
  `,
});

/**
 * Tries an ended job again with all of its retries, and lets the jobs that were cancelled with it wait for it again. Its state
 * now; nothing for one that has succeeded, has not ended, waits for a job that did not succeed, or isn't there.
 */
export async function retryJob(on: Queryable, id: string): Promise<JobState | undefined> {
  return (await on.run(retryEndedJob, { id }))[0]?.state as JobState | undefined;
}
