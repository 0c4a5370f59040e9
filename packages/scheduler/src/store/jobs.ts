import {
  type AttemptRef,
  type Bytes,
  type Job,
  type JobState,
  limits,
  type OutputFile,
  ProblemError,
} from '@weighbridge/protocol';
import type { StoreContext } from './context.ts';
import { jobOf } from './job-rows.ts';
import { blobsOfKeptJobs, selectJobs, selectOutput, stateOf } from './queue-statements.ts';
import type { JobPage } from './store.ts';

export async function job({ database }: StoreContext, id: string): Promise<Job | undefined> {
  const [row] = await database.query(`${selectJobs} WHERE j.id = $1::uuid`, [id]);
  return row && jobOf(row);
}

/** Where a page ended: the last row's key in the order of the listing. */
interface Position {
  created: string;
  id: string;
}

function formatCursor({ created, id }: Position): string {
  return Buffer.from(JSON.stringify([created, id])).toString('base64url');
}

const createdKey = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)*$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function parseCursor(cursor: string): Position {
  try {
    const [created, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (createdKey.test(String(created)) && uuid.test(String(id))) return { created: String(created), id: String(id) };
  } catch {
    // The sentence below says it.
  }
  throw new ProblemError('invalid-request', 'cursor must be one that a page of this listing gave');
}

export interface JobFilter {
  queue?: string;
  state?: JobState;
  cursor?: string;
  limit: number;
}

function conditionsOf({ queue, state, cursor }: JobFilter): { where: string; values: unknown[] } {
  const values: unknown[] = [];
  const put = (value: unknown) => `$${values.push(value)}`;
  const conditions = ['true'];
  if (queue !== undefined) conditions.push(`j.name = ${put(queue)}`);
  if (state !== undefined) conditions.push(`(${stateOf('j')}) = ${put(state)}`);
  if (cursor !== undefined) {
    const { created, id } = parseCursor(cursor);
    conditions.push(`(j.created_on, j.id) < (${put(created)}::timestamptz, ${put(id)}::uuid)`);
  }
  return { where: conditions.join(' AND '), values };
}

export async function jobs({ database }: StoreContext, filter: JobFilter): Promise<JobPage> {
  const limit = Math.min(Math.max(1, filter.limit), limits.pageSize);
  const { where, values } = conditionsOf(filter);
  // One more than asked tells whether there is a next page.
  const rows = await database.query(
    `${selectJobs} WHERE ${where} ORDER BY j.created_on DESC, j.id DESC LIMIT ${limit + 1}`,
    values,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const cursor = rows.length > limit ? { cursor: formatCursor({ created: last.created_key, id: last.id }) } : {};
  return { jobs: page.map(jobOf), ...cursor };
}

export async function addBytes({ database }: StoreContext, ref: AttemptRef, bytes: Bytes): Promise<void> {
  await database.query(
    `UPDATE weighbridge.attempts SET bytes_in = bytes_in + $3::bigint, bytes_out = bytes_out + $4::bigint
     WHERE job_id = $1::uuid AND number = $2::bigint`,
    [ref.jobId, ref.attempt, bytes.in, bytes.out],
  );
}

export async function output({ database }: StoreContext, jobId: string, name: string): Promise<OutputFile | undefined> {
  const [row] = await database.query(selectOutput, [jobId, name]);
  return row?.file;
}

export async function blobsInUse({ database }: StoreContext, sha256: string[]): Promise<Set<string>> {
  const rows = await database.query(blobsOfKeptJobs, [sha256]);
  return new Set(rows.map((row) => row.sha256 as string));
}
