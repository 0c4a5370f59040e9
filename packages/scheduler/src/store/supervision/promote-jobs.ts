import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement } from '../database/statement.ts';

/** Jobs that one pass moves; the rest are due at once. */
const passLimit = 1000;

const queueDueJobs = defineStatement({
  name: 'queue_due_jobs',
  parameters: { limit: 'int4' },
  columns: { count: 'int4', nextSeconds: 'float8?', sent: 'int4' },
  sql: ({ limit }) => `
    WITH due AS (
      SELECT id FROM weighbridge.jobs WHERE state = 'scheduled' AND run_at <= now()
      ORDER BY run_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ),
    moved AS (
      UPDATE weighbridge.jobs j SET state = 'queued' FROM due WHERE j.id = due.id RETURNING j.queue
    ),
    announced AS (SELECT ${notify('ready', 'm.queue')} FROM moved m GROUP BY m.queue)
    SELECT (SELECT count(*) FROM moved)::int AS count, (SELECT count(*) FROM announced)::int AS sent,
      -- What was due when the statement began is either moved here or held by another master.
      (SELECT extract(epoch FROM min(run_at) - now())::float8 FROM weighbridge.jobs
        WHERE state = 'scheduled' AND run_at > now()) AS "nextSeconds"
  `,
});

/** Queues the deferred jobs whose time has come. In how many seconds the next pass has something to do; `undefined`: never. */
export async function promoteJobs(on: Queryable): Promise<number | undefined> {
  const [row] = await on.run(queueDueJobs, { limit: passLimit });
  if (row && row.count === passLimit) return 0;
  return row?.nextSeconds ?? undefined;
}
