import { type InputFile, toHeartbeatSeconds } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement, jsonOrNull } from '../database/statement.ts';
import { isHeard } from '../nodes/node-state.ts';
import { assertSession } from '../nodes/session.ts';
import type { Claim, ClaimSize } from '../store.ts';

/** A worker ends an overdue job itself; the master does when that has not come about. */
const overdueGraceSeconds = 60;

/**
 * Claims ready work of a node's queues, highest priority first, oldest first, as many jobs as fit into its free slots,
 * and opens an attempt for each. Jobs that another claim holds are passed over. What this one held and did not take is
 * announced again, because another claim may have passed over it. Where earlier claims were not answered, what they opened is
 * given again, and nothing more; a claim that a later one has overtaken gets nothing. A node whose heartbeats don't come is given nothing.
 */
const claimReadyJobs = defineStatement({
  name: 'claim_ready_jobs',
  parameters: { node: 'text', session: 'uuid', slots: 'int4', number: 'int8', unanswered: 'int8' },
  columns: {
    isKnown: 'bool',
    jobId: 'uuid?',
    attempt: 'int4?',
    queue: 'text?',
    command: 'text?',
    args: jsonOrNull<string[]>(),
    env: jsonOrNull<Record<string, string>>(),
    inputs: jsonOrNull<InputFile[]>(),
    outputs: jsonOrNull<string[]>(),
    optionalOutputs: jsonOrNull<string[]>(),
    slots: 'int4?',
    timeoutSeconds: 'int4?',
    leaseSeconds: 'int4?',
    waitSeconds: 'float8?',
  },
  sql: ({ node, session, slots, number, unanswered }) => `
    WITH node AS (
      -- What takes the name, or tells that the worker has died, waits for what is given here, or the other way round.
      UPDATE weighbridge.nodes n SET claim_number = greatest(n.claim_number, ${number})
      WHERE n.name = ${node} AND n.session = ${session}
      RETURNING n.name, ${number} = 0 OR n.claim_number <= ${number} AS is_latest,
        CASE WHEN ${isHeard} AND NOT n.draining THEN n.queues ELSE '{}' END AS queues
    ),
    repeated AS (
      SELECT j.* FROM node JOIN weighbridge.attempts a ON a.node = node.name JOIN weighbridge.jobs j ON j.id = a.job_id
      WHERE node.is_latest AND ${unanswered} > 0 AND a.session = ${session} AND a.outcome IS NULL
        AND a.claim_number >= ${unanswered} AND a.claim_number < ${number}
    ),
    candidate AS (
      SELECT ready.* FROM (
        SELECT DISTINCT unnest(queues) AS queue FROM node WHERE is_latest AND NOT EXISTS (SELECT 1 FROM repeated)
      ) wanted
      CROSS JOIN LATERAL (
        SELECT j.id, j.queue, j.priority, j.created_at, j.slots FROM weighbridge.jobs j
        WHERE j.queue = wanted.queue AND j.state = 'queued' AND j.slots <= ${slots}
        ORDER BY j.priority DESC, j.created_at, j.id
        LIMIT ${slots}
        FOR UPDATE SKIP LOCKED
      ) ready
    ),
    picked AS (
      SELECT id FROM (
        SELECT id, sum(slots) OVER (ORDER BY priority DESC, created_at, id) AS filled FROM candidate
      ) ranked
      WHERE filled <= ${slots}
    ),
    claimed AS (
      UPDATE weighbridge.jobs j SET
        state = 'running', attempt_count = j.attempt_count + 1, started_at = coalesce(j.started_at, now())
      FROM picked WHERE j.id = picked.id
      RETURNING j.*
    ),
    opened AS (
      INSERT INTO weighbridge.attempts (
        job_id, number, node, session, slots, started_at, lease_seconds, lease_until, overdue_at,
        log_sequence, claim_number
      )
      SELECT c.id, c.attempt_count, ${node}, ${session}, c.slots, now(), c.lease_seconds,
        now() + c.lease_seconds * interval '1 second',
        now() + (c.timeout_seconds + ${overdueGraceSeconds}) * interval '1 second',
        coalesce(before.log_sequence, 0), ${number}
      FROM claimed c
      LEFT JOIN weighbridge.attempts before ON before.job_id = c.id AND before.number = c.attempt_count - 1
    ),
    left_over AS (
      SELECT ${notify('ready', 'c.queue')} FROM candidate c
      WHERE NOT EXISTS (SELECT 1 FROM picked WHERE picked.id = c.id) GROUP BY c.queue
    )
    SELECT node.name IS NOT NULL AS "isKnown", c.id AS "jobId", c.attempt_count AS attempt, c.queue, c.command, c.args,
      c.env, c.inputs, c.output_globs AS outputs, c.optional_output_globs AS "optionalOutputs", c.slots, c.timeout_seconds AS "timeoutSeconds",
      c.lease_seconds AS "leaseSeconds", CASE WHEN c.is_new THEN extract(epoch FROM now() - c.run_at)::float8 END AS "waitSeconds"
    FROM (SELECT count(*) FROM left_over) sent
    LEFT JOIN node ON true
    LEFT JOIN (SELECT *, true AS is_new FROM claimed UNION ALL SELECT *, false FROM repeated) c ON true
    ORDER BY c.priority DESC, c.created_at, c.id
  `,
});

/** @throws ProblemError `not-found` or `stale-session`. */
export async function claimJobs(
  on: Queryable,
  node: string,
  session: string,
  { slots, number = 0, unanswered = 0 }: ClaimSize,
): Promise<Claim[]> {
  const rows = await on.run(claimReadyJobs, { node, session, slots, number, unanswered });
  if (!rows[0]?.isKnown) await assertSession(on, node);
  return rows.flatMap(({ isKnown: _, waitSeconds, ...job }) => {
    // The columns of a job are null together.
    if (job.jobId === null || job.leaseSeconds === null) return [];
    const attempt = { ...job, heartbeatSeconds: toHeartbeatSeconds(job.leaseSeconds) } as Claim['attempt'];
    return [{ attempt, ...(waitSeconds !== null && { waitSeconds: Math.max(0, waitSeconds) }) }];
  });
}
