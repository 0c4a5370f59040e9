/**
 * Every statement of ours that touches pg-boss's tables; a contract test runs each against the pinned version.
 * pg-boss's own functions do the rest.
 */

/** pg-boss's schema. */
export const queueSchema = 'weighbridge_queue';
const job = `${queueSchema}.job`;
const now = `${queueSchema}.job_now()`;

/** Its key is (name, id); a job by id alone and the newest across queues have none (28 and 82 ms at 1M rows). */
export const queueIndexes = `
  CREATE INDEX weighbridge_job_id ON ${job} (id);
  CREATE INDEX weighbridge_job_newest ON ${job} (created_on DESC, id DESC);
`;

/** The submission in `data`, as `JobSubmission` with defaults filled. */
const slotsOf = (row: string) => `(${row}.data->>'slots')::int`;

/**
 * Claims ready work of several queues, highest priority first, oldest first, as many as fit into $2 slots, and opens an
 * attempt for each. A claim sets what `fetch` sets. $1 queues, $3 node, $4 session, $5 lease in seconds.
 *
 * `picked` counts what looked ready: more than the rows claimed means that another master was faster.
 */
export const claimJobs = `
  WITH candidate AS (
    SELECT c.* FROM unnest($1::text[]) AS wanted (queue)
    CROSS JOIN LATERAL (
      SELECT j.name, j.id, j.priority, j.created_on, ${slotsOf('j')} AS slots
      FROM ${job} j
      WHERE j.name = wanted.queue AND j.state < 'active' AND NOT j.blocked AND j.start_after <= ${now}
        AND ${slotsOf('j')} <= $2::int
      ORDER BY j.priority DESC, j.created_on
      LIMIT $2::int
    ) c
  ),
  picked AS (
    SELECT name, id FROM (
      SELECT name, id, sum(slots) OVER (ORDER BY priority DESC, created_on, id) AS filled FROM candidate
    ) ranked
    WHERE filled <= $2::int
  ),
  locked AS (
    SELECT j.name, j.id FROM ${job} j JOIN picked USING (name, id)
    WHERE j.state < 'active'
    FOR UPDATE OF j SKIP LOCKED
  ),
  claimed AS (
    UPDATE ${job} j SET
      state = 'active', started_on = ${now}, heartbeat_on = ${now},
      retry_count = CASE WHEN j.started_on IS NOT NULL THEN j.retry_count + 1 ELSE j.retry_count END
    FROM locked
    WHERE j.name = locked.name AND j.id = locked.id
    RETURNING j.name, j.id, j.data, j.retry_count, j.started_on, j.priority, j.created_on
  ),
  opened AS (
    INSERT INTO weighbridge.attempts
      (job_id, number, queue, node, session, slots, retry_count, started_at, lease_until)
    SELECT c.id, 1 + coalesce((SELECT max(a.number) FROM weighbridge.attempts a WHERE a.job_id = c.id), 0),
      c.name, $3::text, $4::uuid, ${slotsOf('c')}, c.retry_count, c.started_on, c.started_on + $5::float8 * interval '1 second'
    FROM claimed c
    RETURNING job_id, number
  )
  SELECT (SELECT count(*) FROM picked)::int AS picked, c.id, c.name, c.data, o.number
  FROM (SELECT 1) one
  LEFT JOIN claimed c ON true
  LEFT JOIN opened o ON o.job_id = c.id
  ORDER BY c.priority DESC, c.created_on, c.id
`;

/** A job given back unharmed: without `started_on` the next claim doesn't count as a retry. $1 queue, $2 id. */
export const releaseJob = `
  UPDATE ${job} SET state = 'created', started_on = NULL, heartbeat_on = NULL
  WHERE name = $1 AND id = $2::uuid AND state = 'active'
`;

/** Lets the failure that follows be the last. $1 queue, $2 id. */
export const forbidRetry = `UPDATE ${job} SET retry_limit = retry_count WHERE name = $1 AND id = $2::uuid`;

/** By a worker's word, or by pg-boss's expiry, which has words of its own. */
const timedOut = (j: string) =>
  `(${j}.output->>'outcome' = 'timed_out' OR ${j}.output->'value'->>'message' = 'job timed out')`;

/** The cases of a live job; they need no more of it than pg-boss's index of live jobs has. */
const whileLive = (j: string) => `
    WHEN ${j}.state < 'active' AND ${j}.blocked THEN 'blocked'
    WHEN ${j}.state < 'active' AND ${j}.start_after > ${now} THEN 'scheduled'
    WHEN ${j}.state < 'active' THEN 'queued'
    WHEN ${j}.state = 'active' THEN 'running'`;

/** A job's state as the API says it, from the row `j`. */
export const stateOf = (j: string) => `CASE ${whileLive(j)}
    WHEN ${j}.state = 'completed' THEN 'succeeded'
    WHEN ${j}.state = 'failed' AND ${timedOut(j)} THEN 'timed_out'
    WHEN ${j}.state = 'failed' THEN 'failed'
    WHEN EXISTS (SELECT 1 FROM weighbridge.attempts a WHERE a.job_id = ${j}.id AND a.outcome IS NULL) THEN 'cancelling'
    ELSE 'cancelled'
  END`;

/** A job with its attempts; callers add WHERE, ORDER BY and LIMIT. */
export const selectJobs = `
  SELECT j.id, j.name, j.priority, j.data, j.output, j.created_on, j.created_on::text AS created_key, j.start_after,
    j.completed_on, ${stateOf('j')} AS state, attempts.list AS attempts
  FROM ${job} j
  LEFT JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object(
      'number', a.number, 'node', a.node, 'startedAt', a.started_at, 'endedAt', a.ended_at, 'outcome', a.outcome,
      'exitCode', a.exit_code, 'signal', a.signal, 'reason', a.reason, 'in', a.bytes_in, 'out', a.bytes_out
    ) ORDER BY a.number), '[]'::json) AS list
    FROM weighbridge.attempts a WHERE a.job_id = j.id
  ) attempts ON true
`;

/** $1 queue, $2 id. */
export const jobState = `SELECT ${stateOf('j')} AS state FROM ${job} j WHERE j.name = $1 AND j.id = $2::uuid`;

/**
 * An open attempt, locked, with its job's state in pg-boss. Not one whose job was claimed again since.
 * $1 job, $2 number.
 */
export const openAttempt = `
  SELECT a.*, j.state AS job_state
  FROM weighbridge.attempts a
  LEFT JOIN ${job} j ON j.id = a.job_id AND j.name = a.queue
  WHERE a.job_id = $1::uuid AND a.number = $2::bigint AND a.outcome IS NULL
    AND NOT EXISTS (SELECT 1 FROM weighbridge.attempts later WHERE later.job_id = a.job_id AND later.number > a.number)
  FOR UPDATE OF a
`;

/** Open attempts whose lease has lapsed, or whose job pg-boss no longer runs under them. At most $1. */
export const lapsedAttempts = `
  SELECT a.job_id, a.number FROM weighbridge.attempts a
  WHERE a.outcome IS NULL AND (
    a.lease_until < ${now}
    OR NOT EXISTS (
      SELECT 1 FROM ${job} j
      WHERE j.id = a.job_id AND j.name = a.queue
        AND (j.state = 'cancelled' OR (j.state = 'active' AND j.retry_count = a.retry_count))
    )
  )
  ORDER BY a.lease_until
  LIMIT $1::int
`;

/** The parts of the overview that need a pass over the live jobs; only in the background. */
export const countLiveJobs = `
  SELECT j.name, (CASE ${whileLive('j')} END) AS state, count(*)::int AS count
  FROM ${job} j WHERE j.state IN ('created', 'retry', 'active') GROUP BY 1, 2
`;
export const oldestReady = `
  SELECT j.name, extract(epoch FROM ${now} - min(j.start_after))::float8 AS seconds
  FROM ${job} j WHERE j.state IN ('created', 'retry') AND NOT j.blocked AND j.start_after <= ${now} GROUP BY 1
`;
export const countCancelling = `
  SELECT j.name, count(*)::int AS count FROM weighbridge.attempts a
  JOIN ${job} j ON j.id = a.job_id AND j.name = a.queue
  WHERE a.outcome IS NULL AND j.state = 'cancelled' GROUP BY 1
`;

/** Per queue, when its next deferred job is due: two index seeks each. */
export const nextDue = `
  SELECT q.name, extract(epoch FROM least(created.at, retry.at) - ${now})::float8 AS seconds
  FROM ${queueSchema}.queue q
  CROSS JOIN LATERAL (SELECT min(start_after) AS at FROM ${job} j
    WHERE j.name = q.name AND j.state = 'created' AND NOT j.blocked AND j.start_after > ${now}) created
  CROSS JOIN LATERAL (SELECT min(start_after) AS at FROM ${job} j
    WHERE j.name = q.name AND j.state = 'retry' AND NOT j.blocked AND j.start_after > ${now}) retry
  WHERE created.at IS NOT NULL OR retry.at IS NOT NULL
`;

export const queueNames = `SELECT name FROM ${queueSchema}.queue ORDER BY name`;

/** Which of these jobs are cancelled. $1 ids. */
export const cancelledJobs = `SELECT j.id FROM ${job} j WHERE j.id = ANY($1::uuid[]) AND j.state = 'cancelled'`;

/** An output of a succeeded job. $1 id, $2 name. */
export const selectOutput = `
  SELECT file FROM ${job} j CROSS JOIN LATERAL jsonb_array_elements(j.output->'outputs') AS listed (file)
  WHERE j.id = $1::uuid AND j.state = 'completed' AND file->>'name' = $2
`;

/** $1 blobs. */
export const blobsOfKeptJobs = `
  SELECT DISTINCT b.sha256 FROM weighbridge.blob_uses b
  WHERE b.sha256 = ANY($1::text[]) AND EXISTS (SELECT 1 FROM ${job} j WHERE j.id = b.job_id)
`;

/** Jobs that pg-boss has deleted, by attempts old enough for that. $1 seconds an ended job is kept, $2 at most. */
export const goneAttempts = `
  SELECT DISTINCT a.job_id FROM weighbridge.attempts a
  WHERE a.outcome IS NOT NULL AND a.ended_at < ${now} - $1::float8 * interval '1 second'
    AND NOT EXISTS (SELECT 1 FROM ${job} j WHERE j.id = a.job_id)
  LIMIT $2::int
`;

/** $1 as above. */
export const goneBlobUses = `
  DELETE FROM weighbridge.blob_uses b
  WHERE b.named_at < ${now} - $1::float8 * interval '1 second'
    AND NOT EXISTS (SELECT 1 FROM ${job} j WHERE j.id = b.job_id)
`;
