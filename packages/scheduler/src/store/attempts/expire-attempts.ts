import type { JobState } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import type { ExpiredAttempt } from '../store.ts';
import { endAttempts } from './end-attempts.ts';

/** Attempts that one pass ends; the rest wait for the next. */
const passLimit = 500;

const endExpiredAttempts = defineStatement({
  name: 'end_expired_attempts',
  parameters: { limit: 'int4' },
  columns: {
    jobId: 'uuid',
    attempt: 'int4',
    node: 'text',
    queue: 'text',
    state: 'text',
    outcome: 'text',
    sent: 'int4',
  },
  sql: ({ limit }) => `
    WITH ending AS (
      SELECT job_id, number, CASE WHEN overdue_at < now() THEN 'timed_out' ELSE 'lost' END AS outcome,
        NULL::bigint AS exit_code, NULL::text AS signal,
        CASE WHEN overdue_at < now() THEN 'it ran past its timeout' ELSE 'its lease expired without a heartbeat' END AS reason,
        NULL::json AS outputs
      FROM weighbridge.attempts
      WHERE outcome IS NULL AND (lease_until < now() OR overdue_at < now())
      ORDER BY lease_until
      LIMIT ${limit}
      FOR UPDATE SKIP LOCKED
    ),
    ${endAttempts}
    SELECT m.id AS "jobId", m.number AS attempt, m.node, m.queue, m.state, m.outcome,
      (SELECT count(*) FROM announced)::int AS sent
    FROM moved m
  `,
});

/** Ends attempts whose lease has expired, as lost, and those past their job's timeout, as timed out. */
export async function expireAttempts(on: Queryable): Promise<ExpiredAttempt[]> {
  return (await on.run(endExpiredAttempts, { limit: passLimit })).map(toExpired);
}

export function toExpired(row: {
  jobId: string;
  attempt: number;
  node: string;
  queue: string;
  state: string;
  outcome: string;
}): ExpiredAttempt {
  const { jobId, attempt, node, queue } = row;
  return {
    jobId,
    attempt,
    node,
    queue,
    state: row.state as JobState,
    outcome: row.outcome as ExpiredAttempt['outcome'],
  };
}
