import { type InputFile, toHeartbeatSeconds } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement, jsonOrNull } from '../database/statement.ts';
import { isHeard } from '../nodes/node-state.ts';
import { assertSession } from '../nodes/session.ts';
import type { Claim } from '../store.ts';

/** A worker ends an overdue job itself; the master does when that has not come about. */
const overdueGraceSeconds = 60;

/**
 * Claims ready work of a node's queues, highest priority first, oldest first, as many jobs as fit into its free slots,
 * and opens an attempt for each. Jobs that another claim holds are passed over. What this one held and did not take is
 * announced again, because another claim may have passed over it. A node whose heartbeats don't come is given nothing.
 */
const claimReadyJobs = defineStatement({
  name: 'claim_ready_jobs',
  parameters: { node: 'text', session: 'uuid', slots: 'int4' },
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
    slots: 'int4?',
    timeoutSeconds: 'int4?',
    leaseSeconds: 'int4?',
    waitSeconds: 'float8?',
  },
  sql: ({ node, session, slots }) => `
    WITH node AS (
      SELECT n.name, CASE WHEN ${isHeard} AND NOT n.draining THEN n.queues ELSE '{}' END AS queues
      FROM weighbridge.nodes n WHERE n.name = ${node} AND n.session = ${session}
      -- What takes the name, or tells that the worker has died, waits for what is given here, or the other way round.
      FOR SHARE
    ),
    candidate AS (
      SELECT ready.* FROM (SELECT DISTINCT unnest(queues) AS queue FROM node) wanted
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
        log_sequence
      )
      SELECT c.id, c.attempt_count, ${node}, ${session}, c.slots, now(), c.lease_seconds,
        now() + c.lease_seconds * interval '1 second',
        now() + (c.timeout_seconds + ${overdueGraceSeconds}) * interval '1 second',
        coalesce(before.log_sequence, 0)
      FROM claimed c
      LEFT JOIN weighbridge.attempts before ON before.job_id = c.id AND before.number = c.attempt_count - 1
    ),
    left_over AS (
      SELECT ${notify('ready', 'c.queue')} FROM candidate c
      WHERE NOT EXISTS (SELECT 1 FROM picked WHERE picked.id = c.id) GROUP BY c.queue
    )
    SELECT node.name IS NOT NULL AS "isKnown", c.id AS "jobId", c.attempt_count AS attempt, c.queue, c.command, c.args,
      c.env, c.inputs, c.output_globs AS outputs, c.slots, c.timeout_seconds AS "timeoutSeconds",
      c.lease_seconds AS "leaseSeconds", extract(epoch FROM now() - c.run_at)::float8 AS "waitSeconds"
    FROM (SELECT count(*) FROM left_over) sent
    LEFT JOIN node ON true
    LEFT JOIN claimed c ON true
    ORDER BY c.priority DESC, c.created_at, c.id
  `,
});

/** @throws ProblemError `not-found` or `stale-session`. */
export async function claimJobs(on: Queryable, node: string, session: string, slots: number): Promise<Claim[]> {
  const rows = await on.run(claimReadyJobs, { node, session, slots });
  if (!rows[0]?.isKnown) await assertSession(on, node);
  return rows.flatMap(({ isKnown: _, waitSeconds, ...job }) => {
    // The columns of a job are null together.
    if (job.jobId === null || job.leaseSeconds === null) return [];
    const attempt = { ...job, heartbeatSeconds: toHeartbeatSeconds(job.leaseSeconds) } as Claim['attempt'];
    return [{ attempt, waitSeconds: Math.max(0, waitSeconds ?? 0) }];
  });
}
