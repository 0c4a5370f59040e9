import { type JobState, type JobSummary, limits, ProblemError } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import type { JobFilter, JobPage } from '../store.ts';
import { selectSummaries, summaryColumns, toSummary } from './summary-row.ts';

/** Where a page ended: the last row's key in the order of the list, its moment in microseconds since 1970. */
interface Position {
  created: number;
  id: string;
}

function formatCursor({ created, id }: Position): string {
  return Buffer.from(JSON.stringify([created, id])).toString('base64url');
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function parseCursor(cursor: string): Position {
  try {
    const [created, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (Number.isSafeInteger(created) && typeof id === 'string' && uuid.test(id))
      return { created: created as number, id };
  } catch {
    // The sentence below says it.
  }
  throw new ProblemError('invalid-request', 'cursor must be one that a page of this listing gave');
}

/** One statement for each set of filters, so that each is planned for the index that serves it. */
function defineList(filters: { queue: boolean; state: boolean; cursor: boolean }) {
  const { queue, state, cursor } = filters;
  const words = Object.entries(filters).flatMap(([name, isUsed]) => (isUsed ? [name] : []));
  return defineStatement({
    name: ['list_jobs', ...words].join('_by_'),
    parameters: { queue: 'text?', state: 'text?', created: 'int8?', id: 'uuid?', limit: 'int4' },
    columns: { ...summaryColumns, createdKey: 'int8' },
    sql: (given) => {
      const conditions = [
        queue ? `j.queue = ${given.queue}` : `${given.queue} IS NULL`,
        state ? `j.state = ${given.state}` : `${given.state} IS NULL`,
        cursor
          ? `(j.created_at, j.id) < (timestamptz 'epoch' + ${given.created} * interval '1 microsecond', ${given.id})`
          : `${given.created} IS NULL AND ${given.id} IS NULL`,
      ];
      return `${selectSummaries(', (extract(epoch FROM j.created_at) * 1000000)::int8 AS "createdKey"')} WHERE ${conditions.join(' AND ')}
        ORDER BY j.created_at DESC, j.id DESC LIMIT ${given.limit}`;
    },
  });
}

const both = [false, true];
const lists = both.flatMap((queue) =>
  both.flatMap((state) =>
    both.map((cursor) => ({ queue, state, cursor, statement: defineList({ queue, state, cursor }) })),
  ),
);

function listFor({ queue, state, cursor }: JobFilter) {
  const list = lists.find(
    (one) =>
      one.queue === (queue !== undefined) &&
      one.state === (state !== undefined) &&
      one.cursor === (cursor !== undefined),
  );
  if (!list) throw new TypeError('there is a statement for every set of filters');
  return list.statement;
}

/** Newest first. @throws ProblemError `invalid-request` for a cursor that no page gave. */
export async function listJobs(on: Queryable, filter: JobFilter): Promise<JobPage> {
  const limit = Math.min(Math.max(1, filter.limit), limits.pageSize);
  const { queue = null, state = null as JobState | null, cursor } = filter;
  const after = cursor === undefined ? { created: null, id: null } : parseCursor(cursor);
  // One more than asked tells whether there is a next page.
  const rows = await on.run(listFor(filter), { queue, state, ...after, limit: limit + 1 });
  const jobs = takeWhileSmall(rows.slice(0, limit).map(toSummary));
  const last = rows[jobs.length - 1];
  if (!last || rows.length === jobs.length) return { jobs };
  return { jobs, cursor: formatCursor({ created: last.createdKey, id: last.id }) };
}

/** What a page has beside its jobs. */
const envelopeBytes = 200;

/** As many as fit into a page; one does always. */
function takeWhileSmall(jobs: JobSummary[]): JobSummary[] {
  let bytes = envelopeBytes;
  const end = jobs.findIndex((job) => {
    bytes += Buffer.byteLength(JSON.stringify(job)) + 1;
    return bytes > limits.pageBytes;
  });
  return end < 0 ? jobs : jobs.slice(0, end);
}
