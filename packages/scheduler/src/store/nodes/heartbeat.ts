import type { AttemptRef } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import { assertSession } from './session.ts';

/** Extends the leases of the open attempts among those named; gives them, or one row with nulls when there is none. */
const extendLeases = defineStatement({
  name: 'extend_leases',
  parameters: { node: 'text', session: 'uuid', jobIds: 'uuid[]', attempts: 'int8[]' },
  columns: { isKnown: 'bool', jobId: 'uuid?', attempt: 'int4?', isCancelling: 'bool?' },
  sql: ({ node, session, jobIds, attempts }) => `
    WITH node AS (
      UPDATE weighbridge.nodes SET heartbeat_at = now() WHERE name = ${node} AND session = ${session} RETURNING name
    ),
    kept AS (
      UPDATE weighbridge.attempts a SET lease_until = now() + a.lease_seconds * interval '1 second'
      FROM node, unnest(${jobIds}, ${attempts}) AS told (job_id, number)
      JOIN weighbridge.jobs j ON j.id = told.job_id
      WHERE a.job_id = told.job_id AND a.number = told.number
        AND a.node = node.name AND a.session = ${session} AND a.outcome IS NULL
      RETURNING a.job_id, a.number, j.state = 'cancelling' AS is_cancelling
    )
    SELECT node.name IS NOT NULL AS "isKnown", kept.job_id AS "jobId", kept.number AS attempt,
      kept.is_cancelling AS "isCancelling"
    FROM (SELECT 1) one LEFT JOIN node ON true LEFT JOIN kept ON true
  `,
});

const key = (jobId: string, attempt: number) => `${jobId}/${attempt}`;

/** Which of the attempts the worker must end. @throws ProblemError `not-found` or `stale-session`. */
export async function heartbeat(
  on: Queryable,
  node: string,
  session: string,
  attempts: AttemptRef[],
): Promise<{ end: AttemptRef[] }> {
  const rows = await on.run(extendLeases, {
    node,
    session,
    jobIds: attempts.map(({ jobId }) => jobId),
    attempts: attempts.map(({ attempt }) => attempt),
  });
  if (!rows[0]?.isKnown) await assertSession(on, node);
  const goOn = new Set(
    rows.flatMap(({ jobId, attempt, isCancelling }) =>
      jobId === null || attempt === null || isCancelling ? [] : [key(jobId, attempt)],
    ),
  );
  return { end: attempts.filter(({ jobId, attempt }) => !goOn.has(key(jobId, attempt))) };
}
