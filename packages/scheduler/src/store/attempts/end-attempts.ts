import { type JobState, limits } from '@weighbridge/protocol';
import { notify } from '../database/notifications.ts';
import type { Values } from '../database/statement.ts';
import { settleDependents } from '../jobs/dependents.ts';
import type { EndedAttempt } from '../store.ts';

/** No backoff is longer than an hour. */
const longestBackoffSeconds = 3600;

/** Lost attempts are counted apart. Where the column is null, an earlier version stored the job. */
const lostRetryLimit = `coalesce(j.lost_retry_limit, ${limits.defaultLostRetryLimit})`;
const usesRetry = `(e.outcome IN ('failed', 'timed_out'))`;
const mayRetry = `(CASE WHEN e.outcome = 'lost' THEN j.lost_count < ${lostRetryLimit} ELSE j.failure_count < j.retry_limit END)`;
const isDelayed = `(j.retry_backoff_seconds > 0 AND e.outcome <> 'lost')`;

/** The state of job `j` after its attempt `e` has ended. */
const nextState = `(CASE
  WHEN j.state = 'cancelling' THEN 'cancelled'
  WHEN e.outcome = 'released' THEN 'queued'
  WHEN e.outcome IN ('succeeded', 'cancelled') THEN e.outcome
  WHEN e.outcome = 'refused' THEN 'failed'
  WHEN ${mayRetry} THEN CASE WHEN ${isDelayed} THEN 'scheduled' ELSE 'queued' END
  WHEN e.outcome = 'timed_out' THEN 'timed_out'
  ELSE 'failed'
END)`;

const backoff = `CASE WHEN ${isDelayed} AND ${usesRetry}
  THEN least(${longestBackoffSeconds}, j.retry_backoff_seconds * 2.0 ^ least(j.failure_count, 30)) * interval '1 second'
  ELSE interval '0' END`;

/**
 * The part that all statements share which end attempts. It follows a CTE `ending` with the rows to end, locked:
 * job_id, number, outcome, exit_code, signal, reason, outputs. It defines `moved`, the jobs as they are now, `cascaded`, the
 * jobs that were cancelled with them, and `announced`, which the statement must read from, because PostgreSQL leaves out what
 * is not read. It needs WITH RECURSIVE.
 */
export const endAttempts = `
  ended AS (
    UPDATE weighbridge.attempts a SET
      ended_at = now(), outcome = e.outcome, exit_code = e.exit_code, signal = e.signal, reason = e.reason
    FROM ending e
    WHERE a.job_id = e.job_id AND a.number = e.number AND a.outcome IS NULL
    RETURNING a.job_id, a.number, a.node, a.started_at, a.outcome, e.outputs
  ),
  moved AS (
    UPDATE weighbridge.jobs j SET
      state = ${nextState},
      run_at = CASE WHEN ${nextState} IN ('queued', 'scheduled') THEN now() + ${backoff} ELSE j.run_at END,
      ended_at = CASE WHEN ${nextState} NOT IN ('queued', 'scheduled') THEN now() END,
      failure_count = j.failure_count + ${usesRetry}::int,
      lost_count = j.lost_count + (e.outcome = 'lost')::int,
      outputs = CASE WHEN ${nextState} = 'succeeded' THEN e.outputs END
    FROM ended e
    WHERE j.id = e.job_id
    RETURNING j.id, j.queue, j.state, e.number, e.node, e.started_at, e.outcome
  ),
  ${settleDependents('moved')},
  announced AS (
    SELECT ${notify('job', 'm.id')} FROM moved m
    UNION ALL
    SELECT * FROM dependents_announced
    UNION ALL
    SELECT CASE WHEN m.state = 'queued' THEN ${notify('ready', 'm.queue')} ELSE ${notify('due', 'm.queue')} END
    FROM moved m WHERE m.state IN ('queued', 'scheduled')
  )
`;

/** The queues of the jobs that were cancelled with the moved job `m`. */
export const selectCascaded = 'ARRAY(SELECT c.queue FROM cascaded c WHERE c.cancelled_by = m.id)';

/** What statements give of the attempts that the master ends; null where a statement gives a row for something else. */
export const endedColumns = {
  jobId: 'uuid?',
  attempt: 'int4?',
  node: 'text?',
  queue: 'text?',
  state: 'text?',
  outcome: 'text?',
  cancelled: 'text[]?',
  sent: 'int4',
} as const;

/** The columns above, of the jobs `m` that were moved. */
export const selectEnded = `m.id AS "jobId", m.number AS attempt, m.node, m.queue, m.state, m.outcome,
      ${selectCascaded} AS cancelled, (SELECT count(*) FROM announced)::int AS sent`;

export function toEnded(row: Values<typeof endedColumns>): EndedAttempt[] {
  const { jobId, attempt, node, queue, state, outcome, cancelled } = row;
  // They are null together.
  if (jobId === null || attempt === null || node === null || queue === null) return [];
  return [
    {
      jobId,
      attempt,
      node,
      queue,
      state: state as JobState,
      outcome: outcome as EndedAttempt['outcome'],
      cancelled: cancelled ?? [],
    },
  ];
}
