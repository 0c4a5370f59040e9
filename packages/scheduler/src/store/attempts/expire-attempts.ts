import type { StoreContext } from '../context.ts';
import { defineStatement } from '../database/statement.ts';
import type { EndedAttempt } from '../store.ts';
import { endAttempts, endedColumns, selectEnded, toEnded } from './end-attempts.ts';

/** Attempts that one pass ends; the rest wait for the next. */
const passLimit = 500;

const askMoment = defineStatement({
  name: 'ask_moment',
  parameters: {},
  columns: { moment: 'timestamptz' },
  sql: () => 'SELECT now() AS moment',
});

/** A statement that comes to a server so late has waited for one that did not answer. */
const lateSeconds = 5;

/**
 * `answeringSeconds`: for how long, up to `moment`, a heartbeat could be answered. After an outage an attempt gets its whole
 * lease; one that begins while this statement is on its way ends nothing.
 */
export const endExpiredAttempts = defineStatement({
  name: 'end_expired_attempts',
  parameters: { limit: 'int4', answeringSeconds: 'float8', moment: 'timestamptz' },
  columns: endedColumns,
  sql: ({ limit, answeringSeconds, moment }) => `
    WITH RECURSIVE ending AS (
      SELECT job_id, number, CASE WHEN overdue_at < now() THEN 'timed_out' ELSE 'lost' END AS outcome,
        NULL::bigint AS exit_code, NULL::text AS signal,
        CASE WHEN overdue_at < now() THEN 'it ran past its timeout'
          ELSE 'its lease of ' || lease_seconds || ' s expired without a heartbeat' END AS reason,
        NULL::json AS outputs
      FROM weighbridge.attempts
      WHERE outcome IS NULL AND (lease_until < now() OR overdue_at < now()) AND lease_seconds <= ${answeringSeconds}
        AND now() < ${moment} + ${lateSeconds} * interval '1 second'
      ORDER BY lease_until
      LIMIT ${limit}
      FOR UPDATE SKIP LOCKED
    ),
    ${endAttempts}
    SELECT ${selectEnded}
    FROM moved m
  `,
});

/** Ends attempts whose lease has expired, as lost, and those past their job's timeout, as timed out. */
export async function expireAttempts({ database, availability }: StoreContext): Promise<EndedAttempt[]> {
  const [{ moment } = { moment: '' }] = await database.run(askMoment, {});
  availability.note();
  const answeringSeconds = availability.seconds;
  const rows = await database.run(endExpiredAttempts, { limit: passLimit, answeringSeconds, moment });
  return rows.flatMap(toEnded);
}
