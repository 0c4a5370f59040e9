import { type Job, type JobState, type JobSubmission, ProblemError } from '@weighbridge/protocol';
import type { StoreContext } from '../context.ts';
import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement, json } from '../database/statement.ts';
import type { SubmittedJob } from '../store.ts';
import { findJobs } from './find-job.ts';
import { toJob } from './job-row.ts';
import { type ResolvedSubmission, resolveSubmission } from './submission.ts';

/** A job as the statement below takes it: what is undefined is left out of the JSON, and so is null there. */
interface NewJob extends ResolvedSubmission {
  /** Its place in the submission. */
  readonly n: number;
}

/** All or none. A key that is there already gives the job that has it; with another body the statement fails. */
const insertJobs = defineStatement({
  name: 'insert_jobs',
  parameters: { jobs: json<NewJob[]>() },
  columns: {
    id: 'uuid',
    queue: 'text',
    idempotencyKey: 'text?',
    state: 'text',
    createdAt: 'timestamptz',
    sent: 'int4',
  },
  sql: ({ jobs }) => `
    WITH given AS MATERIALIZED (
      SELECT * FROM json_to_recordset(${jobs}) AS one (
        n int, id uuid, queue text, priority int, slots int, "startAfter" timestamptz, "timeoutSeconds" int,
        "leaseSeconds" int, "retryLimit" int, "retryBackoffSeconds" int, "lostRetryLimit" int, "idempotencyKey" text,
        digest text, command text, "commandLine" text, args json, env json, inputs json, "outputGlobs" json,
        "optionalOutputGlobs" json, key text, "dependsOn" text[]
      )
    ),
    stored AS (
      INSERT INTO weighbridge.jobs (
        id, queue, state, priority, slots, created_at, start_after, run_at, timeout_seconds, lease_seconds, retry_limit,
        retry_backoff_seconds, lost_retry_limit, idempotency_key, digest, command, command_line, args, env, inputs, output_globs,
        optional_output_globs, key
      )
      SELECT g.id, g.queue,
        CASE WHEN cardinality(g."dependsOn") > 0 THEN 'blocked' WHEN g."startAfter" > now() THEN 'scheduled' ELSE 'queued' END, g.priority, g.slots,
        -- The jobs of one submission keep their order.
        now() + g.n * interval '1 microsecond', g."startAfter", greatest(now(), g."startAfter"),
        g."timeoutSeconds", g."leaseSeconds", g."retryLimit", g."retryBackoffSeconds", g."lostRetryLimit",
        g."idempotencyKey", g.digest, g.command, g."commandLine", g.args, g.env, g.inputs, g."outputGlobs",
        g."optionalOutputGlobs", g.key
      FROM given g ORDER BY g.n
      ON CONFLICT (queue, idempotency_key) WHERE idempotency_key IS NOT NULL
        DO UPDATE SET digest = CASE WHEN jobs.digest = excluded.digest THEN jobs.digest END
      RETURNING id, queue, idempotency_key, state, created_at
    ),
    named AS (
      INSERT INTO weighbridge.blob_uses (job_id, sha256)
      SELECT DISTINCT g.id, input.sha256
      FROM given g JOIN stored s ON s.id = g.id CROSS JOIN LATERAL json_to_recordset(g.inputs) AS input (sha256 text)
    ),
    keyed AS (
      SELECT g.key, coalesce(own.id, earlier.id) AS id
      FROM given g LEFT JOIN stored own ON own.id = g.id
      LEFT JOIN stored earlier ON earlier.queue = g.queue AND earlier.idempotency_key = g."idempotencyKey"
      WHERE g.key IS NOT NULL
    ),
    waiting AS (
      INSERT INTO weighbridge.dependencies (parent_id, job_id)
      SELECT DISTINCT parent.id, g.id
      FROM given g JOIN stored s ON s.id = g.id JOIN keyed parent ON parent.key = ANY(g."dependsOn")
    ),
    announced AS (
      SELECT CASE WHEN s.state = 'queued' THEN ${notify('ready', 's.queue')} ELSE ${notify('due', 's.queue')} END
      FROM given g JOIN stored s ON s.id = g.id
      WHERE s.state <> 'blocked' GROUP BY s.queue, s.state
    )
    SELECT id, queue, idempotency_key AS "idempotencyKey", state, created_at AS "createdAt",
      (SELECT count(*) FROM announced)::int AS sent
    FROM stored
  `,
});

/** Jobs that have one of these keys. */
const findKeys = defineStatement({
  name: 'find_keys',
  parameters: { queues: 'text[]', keys: 'text[]' },
  columns: { id: 'uuid', queue: 'text', idempotencyKey: 'text', digest: 'text' },
  sql: ({ queues, keys }) => `
    SELECT j.id, j.queue, j.idempotency_key AS "idempotencyKey", j.digest
    FROM unnest(${queues}, ${keys}) AS wanted (queue, key)
    JOIN weighbridge.jobs j ON j.queue = wanted.queue AND j.idempotency_key = wanted.key
  `,
});

interface Identified {
  readonly id: string;
  readonly queue: string;
  readonly idempotencyKey: string | null | undefined;
}

/** What tells two submissions apart: a key within its queue, else the submission itself. */
const identity = ({ id, queue, idempotencyKey: key }: Identified) =>
  key === undefined || key === null ? id : `${queue} ${key}`;

export async function submitJobs(
  { database, queues }: StoreContext,
  submissions: JobSubmission[],
): Promise<SubmittedJob[]> {
  const resolved = submissions.map(resolveSubmission);
  await queues.ensure([...new Set(resolved.map(({ queue }) => queue))]);
  const distinct = [...Map.groupBy(resolved, identity).values()].flatMap(([first]) => first ?? []);
  assertSameBodies(resolved, new Map(distinct.map((one) => [identity(one), one])));
  const rows = await insert(database, distinct);
  const byIdentity = new Map(rows.map((row) => [identity(row), row]));
  const changed = await findChanged(database, distinct, rows);
  return resolved.map((submission) => {
    const row = byIdentity.get(identity(submission));
    if (!row) throw new TypeError(`job ${submission.id} was not stored`);
    // Of two equal ones in one call only the first is new.
    const created = row.id === submission.id;
    return { job: changed.get(row.id) ?? toNewJob(submission, row), created };
  });
}

async function insert(database: Queryable, submissions: ResolvedSubmission[]) {
  try {
    return await database.run(insertJobs, { jobs: submissions.map((submission, n) => ({ n, ...submission })) });
  } catch (error) {
    if ((error as { constraint?: unknown }).constraint === 'same_key_same_body') await explain(database, submissions);
    throw error;
  }
}

/** Says which key it was. */
async function explain(database: Queryable, submissions: ResolvedSubmission[]): Promise<void> {
  const keyed = submissions.filter(({ idempotencyKey }) => idempotencyKey !== undefined);
  const rows = await database.run(findKeys, {
    queues: keyed.map(({ queue }) => queue),
    keys: keyed.map(({ idempotencyKey = '' }) => idempotencyKey),
  });
  assertSameBodies(keyed, new Map(rows.map((row) => [identity(row), row])));
}

function assertSameBodies(
  submissions: ResolvedSubmission[],
  others: Map<string, { id: string; digest: string | undefined }>,
): void {
  for (const submission of submissions) {
    const other = others.get(identity(submission));
    if (!other || other.digest === submission.digest) continue;
    throw new ProblemError(
      'idempotency-mismatch',
      `the idempotency key was used before in queue ${submission.queue} with another body, for job ${other.id}`,
    );
  }
}

/** Jobs that are not as they were submitted, by id: they were there before, or depend on others. */
async function findChanged(
  database: Queryable,
  submissions: ResolvedSubmission[],
  rows: { id: string }[],
): Promise<Map<string, Job>> {
  const unchanged = new Set(submissions.flatMap(({ id, dependsOn }) => (dependsOn.length === 0 ? [id] : [])));
  const ids = rows.flatMap(({ id }) => (unchanged.has(id) ? [] : [id]));
  const jobs = await findJobs(database, ids);
  return new Map(jobs.map((job) => [job.id, job]));
}

function toNewJob(submission: ResolvedSubmission, row: { id: string; state: string; createdAt: string }): Job {
  const { queue, priority, slots, timeoutSeconds, retryLimit, command, args, env, inputs, outputGlobs } = submission;
  const { optionalOutputGlobs, key } = submission;
  const { retryBackoffSeconds, lostRetryLimit, leaseSeconds } = submission;
  return toJob({
    id: row.id,
    queue,
    state: row.state as JobState,
    priority,
    slots,
    createdAt: row.createdAt,
    startAfter: submission.startAfter ?? null,
    startedAt: null,
    endedAt: null,
    timeoutSeconds,
    retryLimit,
    retryBackoff: retryBackoffSeconds,
    lostRetryLimit,
    leaseSeconds,
    bytesIn: 0,
    bytesOut: 0,
    command,
    args,
    env,
    inputs,
    outputGlobs,
    optionalOutputGlobs,
    outputs: null,
    key: key ?? null,
    dependsOn: [],
    ownReason: null,
    attempts: [],
  });
}
