import type { AttemptRef, AttemptResult, JobState, OutputFile } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement, jsonOrNull } from '../database/statement.ts';
import { assertStorable } from '../storable.ts';
import type { AttemptEnd } from '../store.ts';
import { endAttempts, selectCascaded } from './end-attempts.ts';
import { staleAttempt } from './stale-attempt.ts';

const endAttempt = defineStatement({
  name: 'end_attempt',
  parameters: {
    jobId: 'uuid',
    attempt: 'int8',
    node: 'text',
    session: 'uuid',
    outcome: 'text',
    exitCode: 'int8?',
    signal: 'text?',
    reason: 'text?',
    outputs: jsonOrNull<OutputFile[]>(),
  },
  columns: { queue: 'text', state: 'text', startedAt: 'timestamptz', cancelled: 'text[]', sent: 'int4' },
  sql: ({ jobId, attempt, node, session, outcome, exitCode, signal, reason, outputs }) => `
    WITH RECURSIVE ending AS (
      SELECT job_id, number, ${outcome} AS outcome, ${exitCode} AS exit_code, ${signal} AS signal,
        ${reason} AS reason, ${outputs} AS outputs
      FROM weighbridge.attempts
      WHERE job_id = ${jobId} AND number = ${attempt} AND node = ${node} AND session = ${session} AND outcome IS NULL
      FOR UPDATE
    ),
    ${endAttempts},
    named AS (
      INSERT INTO weighbridge.blob_uses (job_id, sha256)
      SELECT DISTINCT m.id, output.sha256
      FROM moved m CROSS JOIN LATERAL json_to_recordset(${outputs}) AS output (sha256 text)
      WHERE m.state = 'succeeded'
      ON CONFLICT DO NOTHING
    )
    SELECT m.queue, m.state, m.started_at AS "startedAt", ${selectCascaded} AS cancelled,
      (SELECT count(*) FROM announced)::int AS sent
    FROM moved m
  `,
});

/** @throws ProblemError `stale-attempt` unless it runs, on that node in that session. */
export async function completeAttempt(
  on: Queryable,
  ref: AttemptRef,
  node: string,
  result: AttemptResult,
): Promise<AttemptEnd> {
  const { session, outcome, exitCode = null, signal = null, reason = null, outputs = null } = result;
  assertStorable({ signal, reason, outputs }, 'result');
  const [row] = await on.run(endAttempt, { ...ref, node, session, outcome, exitCode, signal, reason, outputs });
  if (!row) throw staleAttempt(ref);
  return { queue: row.queue, state: row.state as JobState, startedAt: row.startedAt, cancelled: row.cancelled };
}
