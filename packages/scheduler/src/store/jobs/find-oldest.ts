import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import { selectSummaries, summaryColumns, toSummary } from './summary-row.ts';

const findOldestReady = defineStatement({
  name: 'find_oldest_ready_job',
  parameters: { queue: 'text' },
  columns: { ...summaryColumns, readySince: 'timestamptz' },
  sql: ({ queue }) => `${selectSummaries(', j.run_at AS "readySince"')} WHERE j.id = (
    SELECT id FROM weighbridge.jobs
    WHERE queue = ${queue} AND state = 'queued' AND ended_at IS NULL ORDER BY run_at LIMIT 1
  )`,
});

/** The job of a queue that has been ready for longest, and since when. */
export async function findOldest(on: Queryable, queue: string) {
  const [row] = await on.run(findOldestReady, { queue });
  if (!row) return undefined;
  const { readySince, ...summary } = row;
  return { job: toSummary(summary), readySince };
}
