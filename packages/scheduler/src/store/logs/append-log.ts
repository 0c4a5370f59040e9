import { limits } from '@weighbridge/protocol';
import { staleAttempt } from '../attempts/stale-attempt.ts';
import type { Queryable } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import { defineStatement } from '../database/statement.ts';
import type { LogAppend } from '../store.ts';

/** The middle of a stream is deleted in steps of so many bytes, and not with each chunk. */
const dropStepBytes = 512 * 1024;

/**
 * Keeps what of a chunk is new, and of the stream its head and its tail. A chunk may begin after what came before it: the
 * worker left out what lies between. The attempt's row stays locked until the commit, so sequences become visible in their
 * order. With the first chunk of a stream the logs of all but the first and the last attempts go. No row when the attempt
 * doesn't run.
 */
const appendChunk = defineStatement({
  name: 'append_chunk',
  parameters: {
    jobId: 'uuid',
    attempt: 'int8',
    stream: 'text',
    offset: 'int8',
    bytes: 'bytea',
    head: 'int8',
    tail: 'int8',
    step: 'int8',
    attempts: 'int4',
  },
  columns: { isChanged: 'bool', sent: 'int4' },
  sql: ({ jobId, attempt, stream, offset, bytes, head, tail, step, attempts }) => `
    WITH attempt AS (
      SELECT job_id, number, log_sequence,
        CASE ${stream} WHEN 'stdout' THEN stdout_bytes WHEN 'stderr' THEN stderr_bytes ELSE system_bytes END AS position,
        CASE ${stream} WHEN 'stdout' THEN stdout_dropped WHEN 'stderr' THEN stderr_dropped ELSE system_dropped END AS dropped
      FROM weighbridge.attempts
      WHERE job_id = ${jobId} AND number = ${attempt} AND outcome IS NULL
      FOR UPDATE
    ),
    unseen AS (
      SELECT *, greatest(${offset}, position) AS start,
        CASE WHEN position - ${offset} >= length(${bytes}) THEN ''::bytea
          ELSE substring(${bytes} FROM greatest(0, position - ${offset})::int + 1) END AS content
      FROM attempt
    ),
    fresh AS (
      SELECT *, start + length(content) AS ends, length(content) > 0 AS is_new,
        start + length(content) - ${tail} - greatest(dropped, ${head}) >= ${step} AS drops
      FROM unseen
    ),
    chunk AS (
      INSERT INTO weighbridge.log_chunks (job_id, sequence, attempt, stream, stream_offset, bytes)
      SELECT job_id, log_sequence + 1, number, ${stream}, start, content FROM fresh WHERE is_new
    ),
    middle AS (
      DELETE FROM weighbridge.log_chunks c USING fresh f
      WHERE f.drops AND c.job_id = f.job_id AND c.attempt = f.number AND c.stream = ${stream}
        AND c.stream_offset >= ${head} AND c.stream_offset + length(c.bytes) <= f.ends - ${tail}
    ),
    old AS (
      DELETE FROM weighbridge.log_chunks c USING fresh f
      WHERE f.position = 0 AND f.number > ${attempts} AND c.job_id = f.job_id
        AND c.attempt > 1 AND c.attempt <= f.number - ${attempts} + 1
    ),
    advanced AS (
      UPDATE weighbridge.attempts a SET
        stdout_bytes = CASE ${stream} WHEN 'stdout' THEN f.ends ELSE a.stdout_bytes END,
        stderr_bytes = CASE ${stream} WHEN 'stderr' THEN f.ends ELSE a.stderr_bytes END,
        system_bytes = CASE ${stream} WHEN 'system' THEN f.ends ELSE a.system_bytes END,
        stdout_dropped = CASE WHEN f.drops AND ${stream} = 'stdout' THEN f.ends - ${tail} ELSE a.stdout_dropped END,
        stderr_dropped = CASE WHEN f.drops AND ${stream} = 'stderr' THEN f.ends - ${tail} ELSE a.stderr_dropped END,
        system_dropped = CASE WHEN f.drops AND ${stream} = 'system' THEN f.ends - ${tail} ELSE a.system_dropped END,
        log_sequence = a.log_sequence + 1
      FROM fresh f
      WHERE a.job_id = f.job_id AND a.number = f.number AND f.is_new
    ),
    announced AS (SELECT ${notify('job', 'f.job_id')} FROM fresh f WHERE f.is_new)
    SELECT f.is_new AS "isChanged", (SELECT count(*) FROM announced)::int AS sent FROM fresh f
  `,
});

/** @throws ProblemError `stale-attempt` unless the attempt runs. */
export async function appendLog(on: Queryable, chunk: LogAppend): Promise<void> {
  const rows = await on.run(appendChunk, {
    ...chunk,
    head: limits.logHeadBytes,
    tail: limits.logTailBytes,
    step: dropStepBytes,
    attempts: limits.logAttempts,
  });
  if (rows.length === 0) throw staleAttempt(chunk);
}
