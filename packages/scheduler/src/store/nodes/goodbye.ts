import { endAttempts } from '../attempts/end-attempts.ts';
import { expiredColumns, toExpired } from '../attempts/expire-attempts.ts';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import type { ExpiredAttempt } from '../store.ts';
import { assertSession } from './session.ts';

const stopNode = defineStatement({
  name: 'stop_node',
  parameters: { name: 'text', session: 'uuid' },
  columns: { name: 'text' },
  sql: ({ name, session }) =>
    `UPDATE weighbridge.nodes SET stopped_at = now() WHERE name = ${name} AND session = ${session} RETURNING name`,
});

/** One row with nulls when its worker ran nothing. */
const loseNode = defineStatement({
  name: 'lose_node',
  parameters: { name: 'text', session: 'uuid' },
  columns: expiredColumns,
  sql: ({ name, session }) => `
    WITH node AS (
      UPDATE weighbridge.nodes SET lost_at = now() WHERE name = ${name} AND session = ${session} RETURNING name
    ),
    ending AS (
      SELECT a.job_id, a.number, 'lost' AS outcome, NULL::bigint AS exit_code, NULL::text AS signal,
        'its worker died' AS reason, NULL::json AS outputs
      FROM node JOIN weighbridge.attempts a ON a.node = node.name
      WHERE a.session = ${session} AND a.outcome IS NULL
      ORDER BY a.job_id, a.number
      FOR UPDATE OF a
    ),
    ${endAttempts}
    SELECT m.id AS "jobId", m.number AS attempt, m.node, m.queue, m.state, m.outcome,
      (SELECT count(*) FROM announced)::int AS sent
    FROM node LEFT JOIN moved m ON true
  `,
});

/** @throws ProblemError `not-found` or `stale-session`. */
export async function goodbye(on: Queryable, name: string, session: string): Promise<void> {
  const [row] = await on.run(stopNode, { name, session });
  if (!row) await assertSession(on, name);
}

/** Gives what the dead worker ran. @throws ProblemError `not-found` or `stale-session`. */
export async function loseWorker(on: Queryable, name: string, session: string): Promise<ExpiredAttempt[]> {
  const rows = await on.run(loseNode, { name, session });
  if (rows.length === 0) await assertSession(on, name);
  return rows.flatMap(toExpired);
}
