import { type Attempt, type InputFile, isEnded, type Job, type JobState, type OutputFile } from '@weighbridge/protocol';
import { json, jsonOrNull, type Values } from '../database/statement.ts';

/** An attempt as `selectJobs` gathers it; moments are PostgreSQL's text. */
export interface AttemptRow {
  number: number;
  node: string;
  startedAt: string;
  endedAt: string | null;
  outcome: Attempt['outcome'] | null;
  exitCode: number | null;
  signal: string | null;
  reason: string | null;
  in: number;
  out: number;
}

export const jobColumns = {
  id: 'uuid',
  queue: 'text',
  state: 'text',
  priority: 'int4',
  slots: 'int4',
  createdAt: 'timestamptz',
  startAfter: 'timestamptz?',
  startedAt: 'timestamptz?',
  endedAt: 'timestamptz?',
  timeoutSeconds: 'int4',
  retryLimit: 'int4',
  bytesIn: 'int8',
  bytesOut: 'int8',
  command: 'text',
  args: json<string[]>(),
  env: json<Record<string, string>>(),
  inputs: json<InputFile[]>(),
  outputGlobs: json<string[]>(),
  outputs: jsonOrNull<OutputFile[]>(),
  attempts: json<AttemptRow[]>(),
} as const;
export type JobRow = Values<typeof jobColumns>;

/** Jobs with their attempts: the columns above, in this order. Callers add WHERE, ORDER BY and LIMIT. */
export const selectJobs = (more = '') => `
  SELECT j.id, j.queue, j.state, j.priority, j.slots, j.created_at AS "createdAt", j.start_after AS "startAfter",
    j.started_at AS "startedAt", j.ended_at AS "endedAt", j.timeout_seconds AS "timeoutSeconds",
    j.retry_limit AS "retryLimit", j.bytes_in AS "bytesIn", j.bytes_out AS "bytesOut",
    j.command, j.args, j.env, j.inputs, j.output_globs AS "outputGlobs", j.outputs,
    CASE WHEN j.attempt_count = 0 THEN '[]'::json ELSE (
      SELECT coalesce(json_agg(json_build_object(
        'number', a.number, 'node', a.node, 'startedAt', a.started_at, 'endedAt', a.ended_at, 'outcome', a.outcome,
        'exitCode', a.exit_code, 'signal', a.signal, 'reason', a.reason, 'in', a.bytes_in, 'out', a.bytes_out
      ) ORDER BY a.number), '[]'::json)
      FROM weighbridge.attempts a WHERE a.job_id = j.id
    ) END AS attempts${more}
  FROM weighbridge.jobs j
`;

/** Keeps what is neither null nor undefined: optional fields are absent, not null. */
function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

const toIso = (moment: string) => new Date(moment).toISOString();

function toAttempt({ number, node, startedAt, endedAt, ...row }: AttemptRow): Attempt {
  const { outcome, exitCode, signal, reason } = row;
  return {
    number,
    node,
    startedAt: toIso(startedAt),
    ...present({ endedAt: endedAt && toIso(endedAt), outcome, exitCode, signal, reason }),
    bytes: { in: row.in, out: row.out },
  } as Attempt;
}

/** What an ended job takes over from the attempt that ended it. */
function toEnding(state: JobState, last: Attempt | undefined) {
  if (!isEnded(state) || !last) return {};
  const { exitCode, signal, outcome, reason } = last;
  // The word alone, for programs; the attempt has the sentence.
  return { exitCode, signal, reason: outcome === 'lost' || outcome === 'refused' ? outcome : reason };
}

/** A row as the API shows it. */
export function toJob(row: JobRow): Job {
  const { inputs, outputGlobs, outputs, bytesIn, bytesOut, startAfter, startedAt, endedAt, ...same } = row;
  const state = row.state as JobState;
  const attempts = row.attempts.map(toAttempt);
  return {
    ...same,
    state,
    files: { inputs, outputs: outputGlobs },
    ...present({ startAfter, startedAt, endedAt, ...toEnding(state, attempts.at(-1)) }),
    outputs: outputs ?? [],
    attempts,
    bytes: { in: bytesIn, out: bytesOut },
  };
}
