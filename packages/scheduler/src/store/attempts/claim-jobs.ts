import { type InputFile, toHeartbeatSeconds } from '@weighbridge/protocol';
import type { StoreContext } from '../context.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement, jsonOrNull, type Values } from '../database/statement.ts';
import { isHeard } from '../nodes/node-state.ts';
import { assertSession } from '../nodes/session.ts';
import type { Claim, ClaimResult, ClaimSize } from '../store.ts';
import { overdueGraceSeconds } from './overdue.ts';
import { wideJobsPerQueue } from './reservations/reservations.ts';

/** Job `a` stands before job `b`: highest priority first, oldest first. */
const isBefore = (a: string, b: string) =>
  `(${a}.priority > ${b}.priority OR (${a}.priority = ${b}.priority AND (${a}.created_at, ${a}.id) < (${b}.created_at, ${b}.id)))`;

/** Of each queue, where the node keeps its slots for a job. */
const fillersLookedAt = 500;

/** Job `j` has ended, by its timeout, when the job for which this node keeps its slots can begin. */
const endsInTime = "(now() + j.timeout_seconds * interval '1 second' <= room.at)";

/**
 * Claims ready work of a node's queues, highest priority first, oldest first, as many jobs as fit into its free slots by the
 * worker's count and by ours, and opens an attempt for each. Jobs that another claim holds are passed over. What this one held
 * and did not take is announced again, because another claim may have passed over it. Where earlier claims were not answered,
 * what they opened is given again, and nothing more; a claim that a later one has overtaken gets nothing. A node whose
 * heartbeats don't come is given nothing.
 *
 * Where the node keeps its slots for a job (`reservedFor`), what stands behind that is taken only if it ends in time. Where it
 * meets a job that fits only later and has no place yet (`placed`), nothing behind that is taken, unless it `mayPass`: a plan
 * has to be made first.
 */
const claimReadyJobs = defineStatement({
  name: 'claim_ready_jobs',
  parameters: {
    node: 'text',
    session: 'uuid',
    slots: 'int4',
    number: 'int8',
    unanswered: 'int8',
    reservedFor: 'uuid?',
    placed: 'uuid[]',
    mayPass: 'bool',
  },
  columns: {
    isKnown: 'bool',
    isReserved: 'bool',
    needsPlan: 'bool',
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
  sql: ({ node, session, slots, number, unanswered, reservedFor, placed, mayPass }) => `
    WITH node AS (
      -- What takes the name, or tells that the worker has died, waits for what is given here, or the other way round.
      UPDATE weighbridge.nodes n SET claim_number = greatest(n.claim_number, ${number})
      WHERE n.name = ${node} AND n.session = ${session}
      RETURNING n.name, n.slots, least(${slots}, n.slots - (
          SELECT coalesce(sum(a.slots), 0) FROM weighbridge.attempts a
          WHERE a.node = ${node} AND a.session = ${session} AND a.outcome IS NULL
        )) AS free, ${number} = 0 OR n.claim_number <= ${number} AS is_latest,
        CASE WHEN ${isHeard} AND NOT n.draining THEN n.queues ELSE '{}' END AS queues
    ),
    repeated AS (
      SELECT j.* FROM node JOIN weighbridge.attempts a ON a.node = node.name JOIN weighbridge.jobs j ON j.id = a.job_id
      WHERE node.is_latest AND ${unanswered} > 0 AND a.session = ${session} AND a.outcome IS NULL
        AND a.claim_number >= ${unanswered} AND a.claim_number < ${number}
    ),
    wanted AS (
      SELECT DISTINCT unnest(queues) AS queue FROM node WHERE is_latest AND NOT EXISTS (SELECT 1 FROM repeated)
    ),
    reserved AS (
      SELECT j.*, node.free FROM node CROSS JOIN weighbridge.jobs j JOIN wanted ON wanted.queue = j.queue
      WHERE j.id = ${reservedFor} AND j.state = 'queued' AND j.slots > node.free
    ),
    ending AS (
      SELECT a.overdue_at - interval '${overdueGraceSeconds} s' AS at,
        reserved.free + sum(a.slots) OVER (ORDER BY a.overdue_at, a.job_id) AS free
      FROM reserved CROSS JOIN weighbridge.attempts a
      WHERE a.node = ${node} AND a.outcome IS NULL
    ),
    -- The moment at which the reserved job has its slots, at the latest.
    room AS (SELECT min(e.at) AS at FROM ending e JOIN reserved r ON e.free >= r.slots),
    blocked AS (
      SELECT wide.* FROM node CROSS JOIN wanted LEFT JOIN reserved ON true CROSS JOIN LATERAL (
        SELECT j.id, j.priority, j.created_at, j.slots FROM weighbridge.jobs j
        WHERE j.queue = wanted.queue AND j.state = 'queued' AND j.slots > 1
        ORDER BY j.priority DESC, j.created_at, j.id
        LIMIT ${wideJobsPerQueue}
      ) wide
      WHERE NOT ${mayPass} AND wide.slots > node.free AND wide.slots <= node.slots AND wide.id <> ALL(${placed})
        -- A node keeps its slots for one job.
        AND (reserved.id IS NULL OR ${isBefore('wide', 'reserved')})
      ORDER BY wide.priority DESC, wide.created_at, wide.id
      LIMIT 1
    ),
    highest AS (
      SELECT ready.*, node.free FROM node CROSS JOIN wanted CROSS JOIN LATERAL (
        SELECT j.id, j.queue, j.priority, j.created_at, j.slots FROM weighbridge.jobs j
        WHERE j.queue = wanted.queue AND j.state = 'queued' AND j.slots <= node.free
        ORDER BY j.priority DESC, j.created_at, j.id
        LIMIT ${slots}
        FOR UPDATE SKIP LOCKED
      ) ready
      WHERE NOT EXISTS (SELECT 1 FROM reserved)
    ),
    -- Beside a reserved job only among the first: most of a long queue may take too long.
    filler AS (
      SELECT j.id, j.queue, j.priority, j.created_at, j.slots, reserved.free
      FROM reserved CROSS JOIN room CROSS JOIN wanted CROSS JOIN LATERAL (
        SELECT n.id FROM weighbridge.jobs n
        -- That it depends on the reserved job keeps it from being looked at where there is none.
        WHERE n.queue = wanted.queue AND n.state = 'queued' AND n.id <> reserved.id
        ORDER BY n.priority DESC, n.created_at, n.id LIMIT ${fillersLookedAt}
      ) near JOIN weighbridge.jobs j ON j.id = near.id
      WHERE j.state = 'queued' AND j.slots <= reserved.free AND (${isBefore('j', 'reserved')} OR ${endsInTime})
      ORDER BY j.priority DESC, j.created_at, j.id
      LIMIT ${slots}
      FOR UPDATE OF j SKIP LOCKED
    ),
    candidate AS (SELECT * FROM highest UNION ALL SELECT * FROM filler),
    picked AS (
      SELECT ranked.id FROM (
        SELECT c.*, sum(slots) OVER (ORDER BY priority DESC, created_at, id) AS filled FROM candidate c
      ) ranked
      WHERE filled <= free AND NOT EXISTS (SELECT 1 FROM blocked WHERE ${isBefore('blocked', 'ranked')})
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
      SELECT ${notify('ready', 'one.queue')} FROM (
        SELECT c.queue FROM candidate c WHERE NOT EXISTS (SELECT 1 FROM picked WHERE picked.id = c.id)
        UNION
        -- A node may have kept its slots for it.
        SELECT c.queue FROM claimed c WHERE c.id = ANY(${placed})
      ) one
    )
    SELECT node.name IS NOT NULL AS "isKnown", EXISTS (SELECT 1 FROM reserved) AS "isReserved",
      EXISTS (SELECT 1 FROM blocked JOIN candidate c ON ${isBefore('blocked', 'c')}) AS "needsPlan",
      c.id AS "jobId", c.attempt_count AS attempt, c.queue, c.command, c.args,
      c.env, c.inputs, c.output_globs AS outputs, c.optional_output_globs AS "optionalOutputs", c.slots,
      c.timeout_seconds AS "timeoutSeconds", c.lease_seconds AS "leaseSeconds",
      CASE WHEN c.is_new THEN extract(epoch FROM now() - c.run_at)::float8 END AS "waitSeconds"
    FROM (SELECT count(*) FROM left_over) sent
    LEFT JOIN node ON true
    LEFT JOIN (SELECT *, true AS is_new FROM claimed UNION ALL SELECT *, false FROM repeated) c ON true
    ORDER BY c.priority DESC, c.created_at, c.id
  `,
});

/** A plan may be behind what comes meanwhile, and holds a thousand jobs. After so many for one claim it does without. */
const planTries = 3;

/** @throws ProblemError `not-found` or `stale-session`. */
export async function claimJobs(
  { database, reservations }: StoreContext,
  node: string,
  session: string,
  { slots, number = 0, unanswered = 0 }: ClaimSize,
): Promise<ClaimResult> {
  let plan = await reservations.current();
  for (let tries = 0; ; tries++) {
    const reservedFor = plan.jobByNode.get(node) ?? null;
    const parameters = { node, session, slots, number, unanswered, reservedFor, placed: [...plan.placed] };
    const mayPass = tries === planTries;
    const rows = await database.run(claimReadyJobs, { ...parameters, mayPass });
    const [first] = rows;
    if (!first?.isKnown) return assertSession(database, node);
    const claimed = rows.flatMap(toClaim);
    if (!first.needsPlan || claimed.length > 0 || mayPass)
      return { claimed, isHeldBack: first.isReserved || first.needsPlan };
    plan = await reservations.refresh();
  }
}

type ClaimRow = Values<(typeof claimReadyJobs)['columns']>;

function toClaim({ isKnown: _, isReserved: __, needsPlan: ___, waitSeconds, ...job }: ClaimRow): Claim[] {
  // The columns of a job are null together.
  if (job.jobId === null || job.leaseSeconds === null) return [];
  const attempt = { ...job, heartbeatSeconds: toHeartbeatSeconds(job.leaseSeconds) } as Claim['attempt'];
  return [{ attempt, ...(waitSeconds !== null && { waitSeconds: Math.max(0, waitSeconds) }) }];
}
