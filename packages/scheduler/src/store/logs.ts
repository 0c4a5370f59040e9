import { limits } from '@weighbridge/protocol';
import { staleAttempt } from './attempts.ts';
import type { StoreContext } from './context.ts';
import type { Queryable, Row } from './database.ts';
import { signal } from './signals.ts';
import type { LogAppend, StoredLogChunk } from './store.ts';

interface Admitted {
  offset: number;
  bytes: Uint8Array;
  /** This chunk is the first that does not fit whole. */
  cut: boolean;
}

/** What of a chunk is new and fits: `position` is the stream's end so far, `room` the job's bytes left. */
export function admit(chunk: { offset: number; bytes: Uint8Array }, position: number, room: number): Admitted {
  const repeated = Math.max(0, position - chunk.offset);
  const fresh = chunk.bytes.subarray(repeated);
  const bytes = fresh.subarray(0, Math.max(0, room));
  return { offset: chunk.offset + repeated, bytes, cut: bytes.length < fresh.length };
}

// Both rows stay locked until the commit, so sequences become visible in their order.
const lockLog = `
  SELECT a.stdout_bytes, a.stderr_bytes, a.system_bytes, l.bytes, l.sequence, l.cut
  FROM weighbridge.attempts a JOIN weighbridge.job_logs l USING (job_id)
  WHERE a.job_id = $1::uuid AND a.number = $2::bigint AND a.outcome IS NULL
    AND NOT EXISTS (SELECT 1 FROM weighbridge.attempts later WHERE later.job_id = a.job_id AND later.number > a.number)
  FOR UPDATE
`;

const insertChunk = `
  INSERT INTO weighbridge.log_chunks (job_id, sequence, attempt, stream, stream_offset, bytes)
  VALUES ($1::uuid, $2, $3, $4, $5, $6)
`;

async function store(tx: Queryable, chunk: LogAppend, sequence: number): Promise<void> {
  await tx.query(insertChunk, [chunk.jobId, sequence, chunk.attempt, chunk.stream, chunk.offset, chunk.bytes]);
}

const cutLine = new TextEncoder().encode(`the log was cut here: a job keeps at most ${limits.jobLogBytes} bytes\n`);

async function advance(tx: Queryable, chunk: LogAppend, end: number): Promise<void> {
  // The stream is one of three literals, never a caller's text.
  await tx.query(`UPDATE weighbridge.attempts SET ${chunk.stream}_bytes = $3 WHERE job_id = $1::uuid AND number = $2`, [
    chunk.jobId,
    chunk.attempt,
    end,
  ]);
}

async function admitLocked(tx: Queryable, chunk: LogAppend, log: Row): Promise<boolean> {
  const room = log.cut ? 0 : limits.jobLogBytes - Number(log.bytes);
  const { offset, bytes, cut } = admit(chunk, Number(log[`${chunk.stream}_bytes`]), room);
  const cutNow = cut && !log.cut;
  let { sequence } = log;
  if (bytes.length > 0) {
    await store(tx, { ...chunk, offset, bytes }, ++sequence);
    await advance(tx, chunk, offset + bytes.length);
  }
  if (cutNow)
    await store(tx, { ...chunk, stream: 'system', offset: Number(log.system_bytes), bytes: cutLine }, ++sequence);
  if (sequence === log.sequence) return false;
  await tx.query(
    'UPDATE weighbridge.job_logs SET bytes = bytes + $2, sequence = $3, cut = cut OR $4 WHERE job_id = $1::uuid',
    [chunk.jobId, bytes.length, sequence, cutNow],
  );
  return true;
}

export async function appendLog({ database }: StoreContext, chunk: LogAppend): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('INSERT INTO weighbridge.job_logs (job_id) VALUES ($1::uuid) ON CONFLICT DO NOTHING', [chunk.jobId]);
    const [log] = await tx.query(lockLog, [chunk.jobId, chunk.attempt]);
    if (!log) throw staleAttempt(chunk);
    if (await admitLocked(tx, chunk, log)) await signal(tx, [{ kind: 'job', subject: chunk.jobId }]);
  });
}

export async function logs(
  { database }: StoreContext,
  jobId: string,
  afterSequence: number,
  limit: number,
): Promise<StoredLogChunk[]> {
  const rows = await database.query(
    `SELECT sequence, attempt, stream, stream_offset, bytes FROM weighbridge.log_chunks
     WHERE job_id = $1::uuid AND sequence > $2::bigint ORDER BY sequence LIMIT $3::int`,
    [jobId, afterSequence, limit],
  );
  return rows.map(({ stream_offset, ...row }) => ({ ...row, offset: Number(stream_offset) }) as StoredLogChunk);
}
