import {
  type Attempt,
  type InputFile,
  isEnded,
  type Job,
  type JobState,
  limits,
  type OutputFile,
} from '@weighbridge/protocol';
import { json, jsonOrNull, type Values } from '../database/statement.ts';
import { commonColumns, selectCommon, toJobReason } from './summary-row.ts';

/** An attempt as `selectJobs` gathers it; moments are PostgreSQL's text. */
export interface AttemptRow {
  number: number;
  node: string;
  startedAt: string;
  endedAt: string | null;
  outcome: NonNullable<Attempt['outcome']> | null;
  exitCode: number | null;
  signal: string | null;
  reason: string | null;
  in: number;
  out: number;
}

export const jobColumns = {
  ...commonColumns,
  timeoutSeconds: 'int4',
  retryLimit: 'int4',
  retryBackoff: 'int4',
  lostRetryLimit: 'int4',
  leaseSeconds: 'int4',
  command: 'text',
  args: json<string[]>(),
  env: json<Record<string, string>>(),
  inputs: json<InputFile[]>(),
  outputGlobs: json<string[]>(),
  optionalOutputGlobs: json<string[]>(),
  outputs: jsonOrNull<OutputFile[]>(),
  key: 'text?',
  dependsOn: json<{ id: string; key: string | null; state: JobState }[]>(),
  attempts: json<AttemptRow[]>(),
} as const;
export type JobRow = Values<typeof jobColumns>;

/** Jobs with their attempts: the columns above, in this order. Callers add WHERE, ORDER BY and LIMIT. */
export const selectJobs = (more = '') => `
  SELECT ${selectCommon}, j.timeout_seconds AS "timeoutSeconds",
    j.retry_limit AS "retryLimit", j.retry_backoff_seconds AS "retryBackoff",
    coalesce(j.lost_retry_limit, ${limits.defaultLostRetryLimit}) AS "lostRetryLimit", j.lease_seconds AS "leaseSeconds",
    j.command, j.args, j.env, j.inputs, j.output_globs AS "outputGlobs",
    j.optional_output_globs AS "optionalOutputGlobs", j.outputs, j.key,
    (
      SELECT coalesce(json_agg(json_build_object('id', p.id, 'key', p.key, 'state', p.state) ORDER BY p.created_at), '[]'::json)
      FROM weighbridge.dependencies d JOIN weighbridge.jobs p ON p.id = d.parent_id WHERE d.job_id = j.id
    ) AS "dependsOn",
    CASE WHEN j.attempt_count = 0 THEN '[]'::json ELSE (
      SELECT coalesce(json_agg(json_build_object(
        'number', a.number, 'node', a.node, 'startedAt', a.started_at, 'endedAt', a.ended_at, 'outcome', a.outcome,
        'exitCode', a.exit_code, 'signal', a.signal, 'reason', a.reason, 'in', a.bytes_in, 'out', a.bytes_out
      ) ORDER BY a.number), '[]'::json)
      FROM weighbridge.attempts a WHERE a.job_id = j.id
    ) END AS attempts${more}
  FROM weighbridge.jobs j
`;

const toIso = (moment: string) => new Date(moment).toISOString();

function toAttempt(row: AttemptRow): Attempt {
  const attempt: Attempt = {
    number: row.number,
    node: row.node,
    startedAt: toIso(row.startedAt),
    bytes: { in: row.in, out: row.out },
  };
  if (row.endedAt !== null) attempt.endedAt = toIso(row.endedAt);
  if (row.outcome !== null) attempt.outcome = row.outcome;
  if (row.exitCode !== null) attempt.exitCode = row.exitCode;
  if (row.signal !== null) attempt.signal = row.signal;
  if (row.reason !== null) attempt.reason = row.reason;
  return attempt;
}

/** A row as the API shows it: what is null in it is absent. Written out, because a list and a bulk submission have a thousand. */
export function toJob(row: JobRow): Job {
  const job: Job = {
    id: row.id,
    state: row.state as JobState,
    queue: row.queue,
    command: row.command,
    args: row.args,
    env: row.env,
    files: { inputs: row.inputs, outputs: row.outputGlobs, optionalOutputs: row.optionalOutputGlobs },
    slots: row.slots,
    priority: row.priority,
    timeoutSeconds: row.timeoutSeconds,
    retryLimit: row.retryLimit,
    retryBackoff: row.retryBackoff,
    lostRetryLimit: row.lostRetryLimit,
    leaseSeconds: row.leaseSeconds,
    dependsOn: row.dependsOn.map(({ id, key, state }) => ({ id, state, ...(key !== null && { key }) })),
    createdAt: row.createdAt,
    outputs: row.outputs ?? [],
    attempts: row.attempts.map(toAttempt),
    bytes: { in: row.bytesIn, out: row.bytesOut },
  };
  if (row.key !== null) job.key = row.key;
  if (row.ownReason !== null) job.reason = row.ownReason;
  if (row.startAfter !== null) job.startAfter = row.startAfter;
  if (row.startedAt !== null) job.startedAt = row.startedAt;
  if (row.endedAt !== null) job.endedAt = row.endedAt;
  if (isEnded(job.state)) takeEnding(job, job.attempts.at(-1));
  return job;
}

/** What an ended job takes over from the attempt that ended it. */
function takeEnding(job: Job, last: Attempt | undefined): void {
  // One that was cancelled while it waited was not ended by the attempt before.
  if (last?.endedAt !== job.endedAt) return;
  if (last?.exitCode !== undefined) job.exitCode = last.exitCode;
  if (last?.signal !== undefined) job.signal = last.signal;
  Object.assign(job, toJobReason(last?.outcome, last?.reason));
}
