import type { LogFilter } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import type { StoredLogChunk } from '../store.ts';

const readChunks = defineStatement({
  name: 'read_chunks',
  parameters: { jobId: 'uuid', after: 'int8', attempt: 'int8?', stream: 'text?', offset: 'int8', limit: 'int4' },
  columns: { sequence: 'int4', attempt: 'int4', stream: 'text', offset: 'int8', bytes: 'bytea' },
  sql: ({ jobId, after, attempt, stream, offset, limit }) => `
    SELECT sequence, attempt, stream, stream_offset AS "offset", bytes FROM weighbridge.log_chunks
    WHERE job_id = ${jobId} AND sequence > ${after}
      AND (${attempt} IS NULL OR attempt = ${attempt}) AND (${stream} IS NULL OR stream = ${stream})
      AND stream_offset + length(bytes) > ${offset}
    ORDER BY sequence LIMIT ${limit}
  `,
});

/** In order of arrival. The first chunk may begin before the filter's offset. */
export async function readLog(
  on: Queryable,
  jobId: string,
  { attempt, stream, offset, after }: LogFilter,
  limit: number,
): Promise<StoredLogChunk[]> {
  const rows = await on.run(readChunks, {
    jobId,
    after: after ?? 0,
    attempt: attempt ?? null,
    stream: stream ?? null,
    offset: offset ?? 0,
    limit,
  });
  return rows.map((row) => ({ ...row, stream: row.stream as StoredLogChunk['stream'] }));
}
