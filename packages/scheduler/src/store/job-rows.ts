import type { Attempt, Job, OutputFile } from '@weighbridge/protocol';
import type { Row } from './database.ts';
import type { JobData } from './submission.ts';

/** What a job's row keeps in its `output` once an attempt has ended it. */
export interface JobOutput {
  outcome?: string;
  exitCode?: number;
  signal?: string;
  reason?: string;
  outputs?: OutputFile[];
}

const iso = (moment: Date | string) => new Date(moment).toISOString();

/** Keeps what is neither null nor undefined: optional fields are absent, not null. */
function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

function attemptOf(row: Row): Attempt {
  const { exitCode, signal, reason, outcome } = row;
  return {
    number: row.number,
    node: row.node,
    startedAt: iso(row.startedAt),
    ...present({ endedAt: row.endedAt && iso(row.endedAt), outcome, exitCode, signal, reason }),
    bytes: { in: Number(row.in), out: Number(row.out) },
  } as Attempt;
}

const ended = new Set(['succeeded', 'failed', 'timed_out', 'cancelled']);

/** A row of `selectJobs` as the API shows it. */
export function jobOf(row: Row): Job {
  const { digest: _, startAfter, ...data } = row.data as JobData;
  const attempts = (row.attempts as Row[]).map(attemptOf);
  const last = attempts.at(-1);
  const isEnded = ended.has(row.state);
  const output: JobOutput = isEnded ? (row.output ?? {}) : {};
  const { exitCode, signal, outcome, reason } = isEnded ? { ...last, ...output } : {};
  return {
    id: row.id,
    state: row.state,
    queue: row.name,
    ...data,
    priority: row.priority,
    createdAt: iso(row.created_on),
    ...present({
      startAfter,
      startedAt: attempts[0]?.startedAt,
      endedAt: isEnded && row.completed_on ? iso(row.completed_on) : undefined,
      exitCode,
      signal,
      // The word alone, for programs; the attempt has the sentence.
      reason: outcome === 'lost' || outcome === 'refused' ? outcome : reason,
    }),
    outputs: row.state === 'succeeded' ? (output.outputs ?? []) : [],
    attempts,
    bytes: {
      in: attempts.reduce((sum, attempt) => sum + attempt.bytes.in, 0),
      out: attempts.reduce((sum, attempt) => sum + attempt.bytes.out, 0),
    },
  } as Job;
}
