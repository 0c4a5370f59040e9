import { endAttempts, endedColumns, selectEnded, toEnded } from '../attempts/end-attempts.ts';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import type { EndedAttempt } from '../store.ts';
import { assertSession } from './session.ts';

/** Ends what is still open of a session: its worker has said that nothing of it runs. One row with nulls when that was nothing. */
const leaveNode = defineStatement({
  name: 'leave_node',
  parameters: { name: 'text', session: 'uuid', hasDied: 'bool' },
  columns: endedColumns,
  sql: ({ name, session, hasDied }) => `
    WITH RECURSIVE node AS (
      UPDATE weighbridge.nodes SET
        lost_at = CASE WHEN ${hasDied} THEN now() END, stopped_at = CASE WHEN ${hasDied} THEN NULL ELSE now() END
      WHERE name = ${name} AND session = ${session}
      RETURNING name
    ),
    ending AS (
      SELECT a.job_id, a.number, CASE WHEN ${hasDied} THEN 'lost' ELSE 'released' END AS outcome,
        NULL::bigint AS exit_code, NULL::text AS signal,
        CASE WHEN ${hasDied} THEN 'its worker died' ELSE 'the worker stopped' END AS reason, NULL::json AS outputs
      FROM node JOIN weighbridge.attempts a ON a.node = node.name
      WHERE a.session = ${session} AND a.outcome IS NULL
      ORDER BY a.job_id, a.number
      FOR UPDATE OF a
    ),
    ${endAttempts}
    SELECT ${selectEnded}
    FROM node LEFT JOIN moved m ON true
  `,
});

/** Gives what was still open. @throws ProblemError `not-found` or `stale-session`. */
export async function goodbye(on: Queryable, name: string, session: string, hasDied: boolean): Promise<EndedAttempt[]> {
  const rows = await on.run(leaveNode, { name, session, hasDied });
  if (rows.length === 0) await assertSession(on, name);
  return rows.flatMap(toEnded);
}
