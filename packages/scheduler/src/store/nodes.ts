import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  type AttemptRef,
  type ClaimedAttempt,
  limits,
  liveness,
  type Node,
  type NodeRegistration,
  ProblemError,
} from '@weighbridge/protocol';
import type { StoreContext } from './context.ts';
import type { Queryable, Row } from './database.ts';
import { endLapsed } from './lapse.ts';
import { cancelledJobs, claimJobs } from './queue-statements.ts';
import { assertStorable } from './storable.ts';
import type { LapsedAttempt } from './store.ts';
import type { JobData } from './submission.ts';

const lease = liveness.leaseSeconds;

const selectNodes = `
  SELECT n.*, coalesce(used.slots, 0)::int AS slots_used,
    CASE WHEN n.stopped_at IS NOT NULL THEN 'stopped'
      WHEN n.heartbeat_at < now() - ${lease} * interval '1 second' THEN 'lost'
      WHEN n.draining THEN 'draining' ELSE 'ready' END AS state
  FROM weighbridge.nodes n
  LEFT JOIN LATERAL (
    SELECT sum(a.slots) AS slots FROM weighbridge.attempts a WHERE a.node = n.name AND a.outcome IS NULL
  ) used ON true
`;

function nodeOf(row: Row): Node {
  return {
    id: row.name,
    state: row.state,
    queues: row.queues,
    slots: row.slots,
    slotsUsed: row.slots_used,
    labels: row.labels,
    registeredAt: row.registered_at.toISOString(),
    lastHeartbeatAt: row.heartbeat_at.toISOString(),
  };
}

export async function node({ database }: StoreContext, id: string): Promise<Node | undefined> {
  const [row] = await database.query(`${selectNodes} WHERE n.name = $1`, [id]);
  return row && nodeOf(row);
}

export async function nodes({ database }: StoreContext): Promise<Node[]> {
  return (await database.query(`${selectNodes} ORDER BY n.name`)).map(nodeOf);
}

async function assertRoom(tx: Queryable, name: string): Promise<void> {
  const [row] = await tx.query(`SELECT count(*)::int AS count FROM weighbridge.nodes WHERE name <> $1`, [name]);
  if (row.count < limits.nodes) return;
  throw new ProblemError('too-many-names', `node ${name} would be one too many: at most ${limits.nodes} are kept`);
}

export async function register(
  context: StoreContext,
  { name, queues, slots, labels = {} }: NodeRegistration,
): Promise<{ session: string; lapsed: LapsedAttempt[] }> {
  assertStorable(labels, 'labels');
  const session = randomUUID();
  return context.database.transaction(async (tx) => {
    await assertRoom(tx, name);
    await tx.query(
      `INSERT INTO weighbridge.nodes (name, session, queues, slots, labels, registered_at, heartbeat_at)
       VALUES ($1, $2::uuid, $3::text[], $4, $5::text::jsonb, now(), now())
       ON CONFLICT (name) DO UPDATE SET session = excluded.session, queues = excluded.queues, slots = excluded.slots,
         labels = excluded.labels, draining = false, stopped_at = NULL, registered_at = now(), heartbeat_at = now()`,
      [name, session, queues, slots, JSON.stringify(labels)],
    );
    const open = await tx.query(
      `SELECT job_id, number FROM weighbridge.attempts WHERE node = $1 AND outcome IS NULL ORDER BY job_id`,
      [name],
    );
    return {
      session,
      lapsed: await endLapsed(context, tx, open, `node ${name} was registered again by another worker`),
    };
  });
}

const beat = `UPDATE weighbridge.nodes SET heartbeat_at = now() WHERE name = $1 AND session = $2::uuid RETURNING *`;
const stop = `UPDATE weighbridge.nodes SET stopped_at = now() WHERE name = $1 AND session = $2::uuid RETURNING *`;

/** Changes a node for its own session. Throws `not-found` or `stale-session`. */
async function updateNode(on: Queryable, statement: string, name: string, session: string): Promise<Row> {
  const [row] = await on.query(statement, [name, session]);
  if (row) return row;
  const [other] = await on.query('SELECT 1 FROM weighbridge.nodes WHERE name = $1', [name]);
  if (other) throw new ProblemError('stale-session', `node ${name} has been registered again by another worker`);
  throw new ProblemError('not-found', `there is no node ${name}; register it first`);
}

export async function goodbye({ database }: StoreContext, name: string, session: string): Promise<void> {
  await updateNode(database, stop, name, session);
}

const key = ({ jobId, attempt }: AttemptRef) => `${jobId}/${attempt}`;

export async function heartbeat(
  { database }: StoreContext,
  name: string,
  session: string,
  attempts: AttemptRef[],
): Promise<{ end: AttemptRef[] }> {
  await updateNode(database, beat, name, session);
  if (attempts.length === 0) return { end: [] };
  const running = await database.query(
    `UPDATE weighbridge.attempts a SET lease_until = now() + ${lease} * interval '1 second'
     FROM unnest($1::uuid[], $2::bigint[]) AS told (job_id, number)
     WHERE a.job_id = told.job_id AND a.number = told.number
       AND a.node = $3 AND a.session = $4::uuid AND a.outcome IS NULL
     RETURNING a.job_id, a.number, a.queue`,
    [attempts.map((ref) => ref.jobId), attempts.map((ref) => ref.attempt), name, session],
  );
  const cancelled = await cancelledOf(database, running);
  const goesOn = new Set(running.map((row) => key({ jobId: row.job_id, attempt: row.number })));
  return { end: attempts.filter((ref) => !goesOn.has(key(ref)) || cancelled.has(ref.jobId)) };
}

async function cancelledOf(on: Queryable, running: Row[]): Promise<Set<string>> {
  if (running.length === 0) return new Set();
  const rows = await on.query(cancelledJobs, [running.map((row) => row.job_id)]);
  return new Set(rows.map((row) => row.id as string));
}

function claimedOf(row: Row): ClaimedAttempt {
  const { command, args, env, files, slots, timeoutSeconds } = row.data as JobData;
  const { inputs, outputs } = files;
  return {
    jobId: row.id,
    attempt: row.number,
    queue: row.name,
    command,
    args,
    env,
    inputs,
    outputs,
    slots,
    timeoutSeconds,
  };
}

/** Another master may be faster; each try, after its commit, sees what it left. */
const claimTries = 5;
const claimPauseMs = 5;

export async function claim(
  { database }: StoreContext,
  name: string,
  session: string,
  slots: number,
): Promise<ClaimedAttempt[]> {
  const { queues, draining, stopped_at: stoppedAt } = await updateNode(database, beat, name, session);
  if (draining || stoppedAt !== null) return [];
  for (let attempt = 0; attempt < claimTries; attempt++) {
    const rows = await database.query(claimJobs, [queues, slots, name, session, lease]);
    const claimed = rows.filter((row) => row.id !== null);
    if (claimed.length > 0 || rows[0]?.picked === 0) return claimed.map(claimedOf);
    await setTimeout(claimPauseMs * (attempt + Math.random()));
  }
  return [];
}
