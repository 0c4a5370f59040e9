import { randomUUID } from 'node:crypto';
import { limits, type NodeRegistration, ProblemError } from '@weighbridge/protocol';
import { endAttempts } from '../attempts/end-attempts.ts';
import { toExpired } from '../attempts/expire-attempts.ts';
import type { Queryable } from '../database/database.ts';
import { defineStatement, json } from '../database/statement.ts';
import { assertStorable } from '../storable.ts';
import type { ExpiredAttempt } from '../store.ts';

/** Takes the name, and ends what an earlier session of it runs. One row with nulls when that was nothing, none past the limit. */
const takeName = defineStatement({
  name: 'take_name',
  parameters: {
    name: 'text',
    session: 'uuid',
    queues: 'text[]',
    slots: 'int4',
    labels: json<Record<string, string>>(),
    limit: 'int4',
  },
  columns: {
    jobId: 'uuid?',
    attempt: 'int4?',
    node: 'text?',
    queue: 'text?',
    state: 'text?',
    outcome: 'text?',
    sent: 'int4',
  },
  sql: ({ name, session, queues, slots, labels, limit }) => `
    WITH node AS (
      INSERT INTO weighbridge.nodes (name, session, queues, slots, labels, registered_at, heartbeat_at)
      SELECT ${name}, ${session}, ${queues}, ${slots}, ${labels}, now(), now()
      WHERE (SELECT count(*) FROM weighbridge.nodes other WHERE other.name <> ${name}) < ${limit}
      ON CONFLICT (name) DO UPDATE SET session = excluded.session, queues = excluded.queues, slots = excluded.slots,
        labels = excluded.labels, draining = false, stopped_at = NULL, registered_at = now(), heartbeat_at = now()
      RETURNING name
    ),
    ending AS (
      SELECT a.job_id, a.number, 'lost' AS outcome, NULL::bigint AS exit_code, NULL::text AS signal,
        'node ' || a.node || ' was registered again by another worker' AS reason, NULL::json AS outputs
      FROM node JOIN weighbridge.attempts a ON a.node = node.name
      WHERE a.outcome IS NULL
      ORDER BY a.job_id, a.number
      FOR UPDATE OF a
    ),
    ${endAttempts}
    SELECT m.id AS "jobId", m.number AS attempt, m.node, m.queue, m.state, m.outcome,
      (SELECT count(*) FROM announced)::int AS sent
    FROM node LEFT JOIN moved m ON true
  `,
});

/** @throws ProblemError `too-many-names`. */
export async function registerNode(
  on: Queryable,
  { name, queues, slots, labels = {} }: NodeRegistration,
): Promise<{ session: string; lost: ExpiredAttempt[] }> {
  assertStorable(labels, 'labels');
  const session = randomUUID();
  const rows = await on.run(takeName, { name, session, queues, slots, labels, limit: limits.nodes });
  if (rows.length === 0)
    throw new ProblemError('too-many-names', `Node limit reached (${limits.nodes}); ${name} was not registered.`);
  // The columns of an attempt are null together.
  const lost = rows.flatMap((row) => (row.jobId === null ? [] : [toExpired(row as Parameters<typeof toExpired>[0])]));
  return { session, lost };
}
