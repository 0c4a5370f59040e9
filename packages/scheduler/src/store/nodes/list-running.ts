import type { JobSummary } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import { selectSummaries, summaryColumns, toSummary } from '../jobs/summary-row.ts';

const listRunningOnNode = defineStatement({
  name: 'list_running_on_node',
  parameters: { node: 'text', limit: 'int4' },
  columns: { ...summaryColumns, count: 'int4' },
  sql: ({ node, limit }) => `${selectSummaries(', running.count')}
    JOIN (
      SELECT a.job_id, count(*) OVER ()::int AS count FROM weighbridge.attempts a
      WHERE a.node = ${node} AND a.outcome IS NULL
      ORDER BY a.started_at DESC LIMIT ${limit}
    ) running ON running.job_id = j.id
    ORDER BY last.started_at DESC, j.id`,
});

/** What a node runs, the newest first: at most `limit`, and of how many. */
export async function listRunning(on: Queryable, node: string, limit: number) {
  const rows = await on.run(listRunningOnNode, { node, limit });
  const jobs: JobSummary[] = rows.map(({ count: _, ...row }) => toSummary(row));
  return { jobs, count: rows[0]?.count ?? 0 };
}
