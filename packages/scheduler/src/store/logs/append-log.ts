import { limits } from '@weighbridge/protocol';
import { staleAttempt } from '../attempts/stale-attempt.ts';
import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement } from '../database/statement.ts';
import type { LogAppend } from '../store.ts';

const cutLine = `the log was cut here: a job keeps at most ${limits.jobLogBytes} bytes\n`;

/**
 * Keeps what of a chunk is new and fits, and where it doesn't fit, once, a line that says so. The attempt's row stays
 * locked until the commit, so sequences become visible in their order. No row when the attempt doesn't run.
 */
const appendChunk = defineStatement({
  name: 'append_chunk',
  parameters: { jobId: 'uuid', attempt: 'int8', stream: 'text', offset: 'int8', bytes: 'bytea', limit: 'int8' },
  columns: { isChanged: 'bool', sent: 'int4' },
  sql: ({ jobId, attempt, stream, offset, bytes, limit }) => `
    WITH attempt AS (
      SELECT job_id, number, log_sequence, log_cut, system_bytes,
        CASE ${stream} WHEN 'stdout' THEN stdout_bytes WHEN 'stderr' THEN stderr_bytes ELSE system_bytes END AS position,
        CASE WHEN log_cut THEN 0 ELSE greatest(0, ${limit} - log_bytes) END AS room
      FROM weighbridge.attempts
      WHERE job_id = ${jobId} AND number = ${attempt} AND outcome IS NULL
      FOR UPDATE
    ),
    fresh AS (
      SELECT *, greatest(${offset}, position) AS start,
        CASE WHEN position - ${offset} >= length(${bytes}) THEN ''::bytea
          ELSE substring(${bytes} FROM greatest(0, position - ${offset})::int + 1) END AS unseen
      FROM attempt
    ),
    admitted AS (
      SELECT *, substring(unseen FROM 1 FOR least(room, length(unseen))::int) AS kept,
        length(unseen) > room AND NOT log_cut AS cuts, length(unseen) > 0 AND room > 0 AS keeps
      FROM fresh
    ),
    chunk AS (
      INSERT INTO weighbridge.log_chunks (job_id, sequence, attempt, stream, stream_offset, bytes)
      SELECT job_id, log_sequence + 1, number, ${stream}, start, kept FROM admitted WHERE keeps
      UNION ALL
      SELECT job_id, log_sequence + keeps::int + 1, number, 'system', system_bytes, '${hex(cutLine)}'::bytea
      FROM admitted WHERE cuts
    ),
    advanced AS (
      UPDATE weighbridge.attempts a SET
        stdout_bytes = CASE WHEN d.keeps AND ${stream} = 'stdout' THEN d.start + length(d.kept) ELSE a.stdout_bytes END,
        stderr_bytes = CASE WHEN d.keeps AND ${stream} = 'stderr' THEN d.start + length(d.kept) ELSE a.stderr_bytes END,
        system_bytes = CASE WHEN d.keeps AND ${stream} = 'system' THEN d.start + length(d.kept) ELSE a.system_bytes END,
        log_bytes = a.log_bytes + length(d.kept),
        log_sequence = a.log_sequence + d.keeps::int + d.cuts::int,
        log_cut = a.log_cut OR d.cuts
      FROM admitted d
      WHERE a.job_id = d.job_id AND a.number = d.number AND (d.keeps OR d.cuts)
    ),
    announced AS (SELECT ${notify('job', 'd.job_id')} FROM admitted d WHERE d.keeps OR d.cuts)
    SELECT d.keeps OR d.cuts AS "isChanged", (SELECT count(*) FROM announced)::int AS sent FROM admitted d
  `,
});

function hex(text: string): string {
  return `\\x${Buffer.from(text).toString('hex')}`;
}

/** @throws ProblemError `stale-attempt` unless the attempt runs. */
export async function appendLog(on: Queryable, chunk: LogAppend): Promise<void> {
  const rows = await on.run(appendChunk, { ...chunk, limit: limits.jobLogBytes });
  if (rows.length === 0) throw staleAttempt(chunk);
}
