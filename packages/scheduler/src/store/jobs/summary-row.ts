import { isEnded, type Job, type JobState, type JobSummary, limits } from '@weighbridge/protocol';
import type { Values } from '../database/statement.ts';

/** What a list and a job have in common. */
export const commonColumns = {
  id: 'uuid',
  queue: 'text',
  state: 'text',
  priority: 'int4',
  slots: 'int4',
  createdAt: 'timestamptz',
  startAfter: 'timestamptz?',
  startedAt: 'timestamptz?',
  endedAt: 'timestamptz?',
  bytesIn: 'int8',
  bytesOut: 'int8',
  ownReason: 'text?',
} as const;

/** They, of job `j`, in their order. */
export const selectCommon = `j.id, j.queue, j.state, j.priority, j.slots, j.created_at AS "createdAt",
    j.start_after AS "startAfter", j.started_at AS "startedAt", j.ended_at AS "endedAt", j.bytes_in AS "bytesIn",
    j.bytes_out AS "bytesOut", j.reason AS "ownReason"`;

export const summaryColumns = {
  ...commonColumns,
  commandLine: 'text',
  attemptCount: 'int4',
  node: 'text?',
  outcome: 'text?',
  exitCode: 'int8?',
  signal: 'text?',
  reason: 'text?',
  attemptEndedAt: 'timestamptz?',
} as const;
type SummaryRow = Values<typeof summaryColumns>;

/** What lists show of jobs: the columns above, in this order. Callers add WHERE, ORDER BY and LIMIT. */
export const selectSummaries = (more = '') => `
  SELECT ${selectCommon},
    coalesce(j.command_line, left(j.command || ' ' || j.args::text, ${limits.summaryLength})) AS "commandLine",
    j.attempt_count AS "attemptCount",
    last.node, last.outcome, last.exit_code AS "exitCode", last.signal, left(last.reason, ${limits.summaryLength}) AS reason,
    last.ended_at AS "attemptEndedAt"${more}
  FROM weighbridge.jobs j
  LEFT JOIN weighbridge.attempts last ON last.job_id = j.id AND last.number = j.attempt_count
`;

/** A row as the API shows it: what is null in it is absent. */
export function toSummary(row: SummaryRow): JobSummary {
  const job: JobSummary = {
    id: row.id,
    state: row.state as JobState,
    queue: row.queue,
    commandLine: row.commandLine,
    slots: row.slots,
    priority: row.priority,
    createdAt: row.createdAt,
    attemptCount: row.attemptCount,
    bytes: { in: row.bytesIn, out: row.bytesOut },
  };
  if (row.startAfter !== null) job.startAfter = row.startAfter;
  if (row.startedAt !== null) job.startedAt = row.startedAt;
  if (row.endedAt !== null) job.endedAt = row.endedAt;
  if (row.node !== null) job.node = row.node;
  if (row.ownReason !== null) job.reason = row.ownReason;
  if (isEnded(job.state)) takeEnding(job, row);
  return job;
}

function takeEnding(job: JobSummary, { exitCode, signal, outcome, reason, attemptEndedAt }: SummaryRow): void {
  // One that was cancelled while it waited was not ended by the attempt before.
  if (attemptEndedAt !== job.endedAt) return;
  if (exitCode !== null) job.exitCode = exitCode;
  if (signal !== null) job.signal = signal;
  Object.assign(job, toJobReason(outcome, reason));
}

/** Why a job has ended as it has: a word alone, for programs, where there is one, and then the sentence as `detail`. */
export function toJobReason(
  outcome: string | null | undefined,
  reason: string | null | undefined,
): Pick<Job, 'reason' | 'detail'> {
  const sentence = reason ?? undefined;
  if (outcome !== 'lost' && outcome !== 'refused') return sentence === undefined ? {} : { reason: sentence };
  return sentence === undefined ? { reason: outcome } : { reason: outcome, detail: sentence };
}
