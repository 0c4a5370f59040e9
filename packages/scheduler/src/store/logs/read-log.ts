import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import type { StoredLogChunk } from '../store.ts';

const readChunks = defineStatement({
  name: 'read_chunks',
  parameters: { jobId: 'uuid', after: 'int8', limit: 'int4' },
  columns: { sequence: 'int4', attempt: 'int4', stream: 'text', offset: 'int8', bytes: 'bytea' },
  sql: ({ jobId, after, limit }) => `
    SELECT sequence, attempt, stream, stream_offset AS "offset", bytes FROM weighbridge.log_chunks
    WHERE job_id = ${jobId} AND sequence > ${after} ORDER BY sequence LIMIT ${limit}
  `,
});

/** In order of arrival, from after a sequence. */
export async function readLog(
  on: Queryable,
  jobId: string,
  afterSequence: number,
  limit: number,
): Promise<StoredLogChunk[]> {
  const rows = await on.run(readChunks, { jobId, after: afterSequence, limit });
  return rows.map((row) => ({ ...row, stream: row.stream as StoredLogChunk['stream'] }));
}
