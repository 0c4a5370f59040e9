import type { JobState } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement } from '../database/statement.ts';
import type { CancelledJob } from '../store.ts';
import { settleDependents } from './dependents.ts';

const cancelLiveJob = defineStatement({
  name: 'cancel_live_job',
  parameters: { id: 'uuid' },
  columns: { queue: 'text', state: 'text', cancelled: 'text[]', sent: 'int4' },
  sql: ({ id }) => `
    WITH RECURSIVE cancelled AS (
      UPDATE weighbridge.jobs j SET
        state = CASE WHEN j.state = 'running' THEN 'cancelling' ELSE 'cancelled' END,
        ended_at = CASE WHEN j.state = 'running' THEN NULL ELSE now() END
      WHERE j.id = ${id} AND j.state IN ('scheduled', 'blocked', 'queued', 'running')
      RETURNING j.id, j.state, j.queue
    ),
    ${settleDependents('cancelled')},
    announced AS (
      SELECT ${notify('job', 'c.id')} FROM cancelled c
      UNION ALL
      -- A node may have kept its slots for it.
      SELECT ${notify('ready', 'c.queue')} FROM cancelled c WHERE c.state = 'cancelled'
      UNION ALL
      SELECT * FROM dependents_announced
    )
    SELECT c.queue, c.state, ARRAY(SELECT queue FROM cascaded) AS cancelled,
      (SELECT count(*) FROM announced)::int AS sent
    FROM cancelled c
  `,
});

/** Nothing for a job that has ended, is cancelled already or isn't there. */
export async function cancelJob(on: Queryable, id: string): Promise<CancelledJob | undefined> {
  const [row] = await on.run(cancelLiveJob, { id });
  return row && { queue: row.queue, state: row.state as JobState, cancelled: row.cancelled };
}
