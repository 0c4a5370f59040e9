import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import { settleDependents } from './dependents.ts';

/** Jobs that one call looks at. */
const batch = 1000;

const settleBlockedJobs = defineStatement({
  name: 'settle_blocked_jobs',
  parameters: { limit: 'int4' },
  columns: { queue: 'text?', sent: 'int4' },
  sql: ({ limit }) => `
    WITH RECURSIVE overlooked AS (
      SELECT DISTINCT p.id, p.state
      FROM (
        SELECT j.id FROM weighbridge.jobs j JOIN weighbridge.dependencies d ON d.job_id = j.id
        JOIN weighbridge.jobs p ON p.id = d.parent_id
        WHERE j.state = 'blocked'
        GROUP BY j.id
        HAVING bool_and(p.state = 'succeeded') OR bool_or(p.state IN ('failed', 'timed_out', 'cancelled'))
        LIMIT ${limit}
      ) one
      JOIN weighbridge.dependencies d ON d.job_id = one.id JOIN weighbridge.jobs p ON p.id = d.parent_id
      WHERE p.ended_at IS NOT NULL
    ),
    ${settleDependents('overlooked')}
    SELECT c.queue, (SELECT count(*) FROM dependents_announced)::int AS sent FROM cascaded c
    UNION ALL
    SELECT NULL, (SELECT count(*) FROM dependents_announced)::int WHERE NOT EXISTS (SELECT 1 FROM cascaded)
  `,
});

/**
 * Moves the jobs on that wait for nothing any more: parents that ended at the same moment overlooked them, or their parents
 * had ended before they were submitted. Gives the queues of those that it cancelled.
 */
export async function settleBlocked(on: Queryable): Promise<string[]> {
  const rows = await on.run(settleBlockedJobs, { limit: batch });
  return rows.flatMap(({ queue }) => queue ?? []);
}
