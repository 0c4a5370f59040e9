import { type JobDependency, limits } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement, json } from '../database/statement.ts';
import type { WaitingJob } from '../store.ts';

/** Of what a job depends on. */
const parentsShown = 3;

const findWaitingJobs = defineStatement({
  name: 'find_waiting_jobs',
  parameters: { ids: 'uuid[]', aheadLimit: 'int4', parentsLimit: 'int4' },
  columns: {
    id: 'uuid',
    runAt: 'timestamptz',
    ahead: 'int4',
    parents: json<{ id: string; key: string | null; state: JobDependency['state'] }[]>(),
    parentCount: 'int4',
  },
  sql: ({ ids, aheadLimit, parentsLimit }) => `
    WITH asked AS (
      SELECT j.id, j.queue, j.state, j.run_at FROM weighbridge.jobs j
      WHERE j.id = ANY(${ids}) AND j.state IN ('scheduled', 'blocked', 'queued')
    ),
    -- Once for each queue, however many of its jobs are asked for.
    ranked AS (
      SELECT first.id, first.ahead FROM (SELECT DISTINCT queue FROM asked WHERE state = 'queued') q
      CROSS JOIN LATERAL (
        SELECT one.id, row_number() OVER (ORDER BY one.priority DESC, one.created_at, one.id)::int - 1 AS ahead FROM (
          SELECT j.id, j.priority, j.created_at FROM weighbridge.jobs j WHERE j.queue = q.queue AND j.state = 'queued'
          ORDER BY j.priority DESC, j.created_at, j.id LIMIT ${aheadLimit}
        ) one
      ) first
    )
    SELECT asked.id, asked.run_at AS "runAt", coalesce(ranked.ahead, ${aheadLimit}) AS ahead,
      coalesce(parents.first, '[]'::json) AS parents, coalesce(parents.count, 0)::int AS "parentCount"
    FROM asked LEFT JOIN ranked ON ranked.id = asked.id
    LEFT JOIN LATERAL (
      SELECT json_agg(json_build_object('id', p.id, 'key', p.key, 'state', p.state)) AS first, max(p.count) AS count
      FROM (
        SELECT p.id, p.key, p.state, count(*) OVER () AS count
        FROM weighbridge.dependencies d JOIN weighbridge.jobs p ON p.id = d.parent_id
        WHERE d.job_id = asked.id AND p.ended_at IS NULL
        ORDER BY p.created_at LIMIT ${parentsLimit}
      ) p
    ) parents ON asked.state = 'blocked'
  `,
});

/** What the jobs among these wait for that have not begun, by id. */
export async function findWaiting(on: Queryable, ids: string[]): Promise<Map<string, WaitingJob>> {
  if (ids.length === 0) return new Map();
  const rows = await on.run(findWaitingJobs, { ids, aheadLimit: limits.jobsAheadCounted, parentsLimit: parentsShown });
  return new Map(
    rows.map(({ id, parents, ...row }) => [
      id,
      { ...row, parents: parents.map(({ key, ...parent }) => ({ ...parent, ...(key !== null && { key }) })) },
    ]),
  );
}
