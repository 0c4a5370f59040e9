import type { JobState } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement } from '../database/statement.ts';

const cancelLiveJob = defineStatement({
  name: 'cancel_live_job',
  parameters: { id: 'uuid' },
  columns: { state: 'text', sent: 'int4' },
  sql: ({ id }) => `
    WITH cancelled AS (
      UPDATE weighbridge.jobs j SET
        state = CASE WHEN j.state = 'running' THEN 'cancelling' ELSE 'cancelled' END,
        ended_at = CASE WHEN j.state = 'running' THEN NULL ELSE now() END
      WHERE j.id = ${id} AND j.state IN ('scheduled', 'blocked', 'queued', 'running')
      RETURNING j.id, j.state
    ),
    announced AS (SELECT ${notify('job', 'c.id')} FROM cancelled c)
    SELECT c.state, (SELECT count(*) FROM announced)::int AS sent FROM cancelled c
  `,
});

/** The job's state now: `cancelled`, or `cancelling` while an attempt runs. Nothing for one that has ended or isn't there. */
export async function cancelJob(on: Queryable, id: string): Promise<JobState | undefined> {
  return (await on.run(cancelLiveJob, { id }))[0]?.state as JobState | undefined;
}
