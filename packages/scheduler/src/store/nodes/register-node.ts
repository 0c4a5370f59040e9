import { createHash, randomUUID } from 'node:crypto';
import { limits, type NodeRegistration, ProblemError } from '@weighbridge/protocol';
import { endAttempts, endedColumns, selectEnded, toEnded } from '../attempts/end-attempts.ts';
import type { StoreContext } from '../context.ts';
import { defineStatement, json } from '../database/statement.ts';
import { assertStorable } from '../storable.ts';
import type { EndedAttempt } from '../store.ts';
import { findNode } from './list-nodes.ts';
import { joinRunning, toNodeState } from './node-state.ts';

/**
 * Takes the name, unless another worker holds it. With the secret of the worker that had it, what that ran is lost: its
 * processes have ended. Otherwise what an earlier session runs is left to that session, or to its leases. Nodes whose
 * workers are gone make room, the longest silent first. A node that was drained stays so. One row with nulls when nothing was lost, none when it is refused.
 */
const takeName = defineStatement({
  name: 'take_name',
  parameters: {
    name: 'text',
    session: 'uuid',
    queues: 'text[]',
    slots: 'int4',
    labels: json<Record<string, string>>(),
    secretDigest: 'text?',
    takeOver: 'bool',
    limit: 'int4',
    answeringSeconds: 'float8',
  },
  columns: { ...endedColumns, draining: 'bool' },
  sql: ({ name, session, queues, slots, labels, secretDigest, takeOver, limit, answeringSeconds }) => `
    WITH RECURSIVE holder AS (
      SELECT n.session, n.secret_digest = ${secretDigest} AS is_same, ${toNodeState(answeringSeconds)} AS state
      FROM weighbridge.nodes n ${joinRunning}
      WHERE n.name = ${name}
      FOR UPDATE OF n
    ),
    gone AS (
      SELECT n.name FROM weighbridge.nodes n ${joinRunning}
      WHERE n.name <> ${name} AND running.slots IS NULL AND ${toNodeState(answeringSeconds)} IN ('stopped', 'lost')
      ORDER BY n.heartbeat_at
      LIMIT greatest(0, (SELECT count(*) FROM weighbridge.nodes other WHERE other.name <> ${name}) - ${limit} + 1)
    ),
    evicted AS (DELETE FROM weighbridge.nodes n USING gone WHERE n.name = gone.name RETURNING n.name),
    node AS (
      INSERT INTO weighbridge.nodes AS n (name, session, queues, slots, labels, secret_digest, registered_at, heartbeat_at)
      SELECT ${name}, ${session}, ${queues}, ${slots}, ${labels}, ${secretDigest}, now(), now()
      WHERE (SELECT count(*) FROM weighbridge.nodes other WHERE other.name <> ${name}) - (SELECT count(*) FROM evicted) < ${limit}
        AND NOT EXISTS (
          SELECT 1 FROM holder WHERE state NOT IN ('stopped', 'lost') AND is_same IS NOT TRUE AND NOT ${takeOver}
        )
      ON CONFLICT (name) DO UPDATE SET session = excluded.session, queues = excluded.queues, slots = excluded.slots,
        labels = excluded.labels, secret_digest = excluded.secret_digest, stopped_at = NULL, claim_number = 0,
        lost_at = NULL, registered_at = now(), heartbeat_at = now()
      -- Of two that come at once the second has not seen the first.
      WHERE n.session = (SELECT session FROM holder)
      RETURNING n.name, n.draining
    ),
    ending AS (
      SELECT a.job_id, a.number, 'lost' AS outcome, NULL::bigint AS exit_code, NULL::text AS signal,
        'its worker was started again' AS reason, NULL::json AS outputs
      FROM node JOIN holder ON holder.is_same
      -- Not of one before, from which this worker took the name over: its processes may still run.
      JOIN weighbridge.attempts a ON a.node = node.name AND a.session = holder.session
      WHERE a.outcome IS NULL
      ORDER BY a.job_id, a.number
      FOR UPDATE OF a
    ),
    ${endAttempts}
    SELECT ${selectEnded}, node.draining
    FROM node LEFT JOIN moved m ON true
  `,
});

/** @throws ProblemError `too-many-names` or `name-taken`. */
export async function registerNode(
  context: StoreContext,
  { name, queues, slots, labels = {}, secret, takeOver = false }: NodeRegistration,
): Promise<{ session: string; draining: boolean; lost: EndedAttempt[] }> {
  assertStorable(labels, 'labels');
  const session = randomUUID();
  const secretDigest = secret === undefined ? null : createHash('sha256').update(secret).digest('base64');
  const answeringSeconds = context.availability.seconds;
  const rows = await context.database.run(takeName, {
    name,
    session,
    queues,
    slots,
    labels,
    secretDigest,
    takeOver,
    limit: limits.nodes,
    answeringSeconds,
  });
  const [first] = rows;
  if (!first) throw await explainRefusal(context, name);
  return { session, draining: first.draining, lost: rows.flatMap(toEnded) };
}

async function explainRefusal(context: StoreContext, name: string): Promise<ProblemError> {
  const holder = await findNode(context, name);
  if (!holder)
    return new ProblemError('too-many-names', `Node limit reached (${limits.nodes}); ${name} was not registered.`);
  return new ProblemError(
    'name-taken',
    `another worker holds the name ${name}: it is ${holder.state}, and its last heartbeat came ${holder.lastHeartbeatAt}; start this one with another --name, or take the name with --take-over, which ends the other`,
  );
}
