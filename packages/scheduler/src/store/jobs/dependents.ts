import { notify } from '../database/notifications.ts';

/**
 * The part that all statements share which end jobs: what that means for the jobs that depend on them. It follows a CTE
 * `source` with the columns id and state, and needs WITH RECURSIVE. It defines `released`, the jobs that waited for nothing
 * else; `cascaded`, the jobs that were cancelled with the one of `cancelled_by`; and `dependents_announced`, which the
 * statement must read from.
 *
 * That a job has succeeded never changes, so several parents may end at the same moment. Then each statement sees the others'
 * as they were, and {@link settleBlocked} releases what none of them has.
 */
export const settleDependents = (source: string) => `
  released AS (
    UPDATE weighbridge.jobs c SET
      state = CASE WHEN c.start_after > now() THEN 'scheduled' ELSE 'queued' END,
      run_at = greatest(now(), c.start_after)
    FROM (
      SELECT DISTINCT d.job_id FROM ${source} e JOIN weighbridge.dependencies d ON d.parent_id = e.id
      WHERE e.state = 'succeeded'
    ) child
    WHERE c.id = child.job_id AND c.state = 'blocked' AND NOT EXISTS (
      SELECT 1 FROM weighbridge.dependencies d JOIN weighbridge.jobs p ON p.id = d.parent_id
      WHERE d.job_id = c.id AND p.state <> 'succeeded'
        AND NOT EXISTS (SELECT 1 FROM ${source} e WHERE e.id = p.id AND e.state = 'succeeded')
    )
    RETURNING c.id, c.queue, c.state
  ),
  doomed AS (
    SELECT d.job_id AS id, e.id AS root, e.state AS root_state
    FROM ${source} e JOIN weighbridge.dependencies d ON d.parent_id = e.id
    WHERE e.state IN ('failed', 'timed_out', 'cancelled')
    UNION
    SELECT d.job_id, doomed.root, doomed.root_state
    FROM doomed JOIN weighbridge.dependencies d ON d.parent_id = doomed.id
  ),
  cascaded AS (
    UPDATE weighbridge.jobs c SET
      state = 'cancelled', ended_at = now(), cancelled_by = one.root,
      reason = 'it depends on job ' || one.root || ', which '
        || CASE one.root_state WHEN 'timed_out' THEN 'timed out' WHEN 'failed' THEN 'failed' ELSE 'was cancelled' END
    FROM (SELECT DISTINCT ON (id) id, root, root_state FROM doomed ORDER BY id, root) one
    WHERE c.id = one.id AND c.state = 'blocked'
    RETURNING c.id, c.queue, c.cancelled_by
  ),
  dependents_announced AS (
    SELECT ${notify('job', 'c.id')} FROM cascaded c
    UNION ALL
    SELECT CASE WHEN r.state = 'queued' THEN ${notify('ready', 'r.queue')} ELSE ${notify('due', 'r.queue')} END
    FROM released r GROUP BY r.queue, r.state
  )
`;
