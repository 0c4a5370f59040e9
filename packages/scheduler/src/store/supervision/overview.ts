import { liveJobStates } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';
import type { QueueOverview } from '../store.ts';

const countLiveJobs = defineStatement({
  name: 'count_live_jobs',
  parameters: {},
  columns: { queue: 'text', state: 'text', count: 'int4', oldestSeconds: 'float8' },
  sql: () => `
    SELECT queue, state, count(*)::int AS count, extract(epoch FROM now() - min(run_at))::float8 AS "oldestSeconds"
    FROM weighbridge.jobs WHERE ended_at IS NULL GROUP BY queue, state
  `,
});

const measureDatabase = defineStatement({
  name: 'measure_database',
  parameters: {},
  columns: { bytes: 'int8' },
  sql: () => 'SELECT pg_database_size(current_database()) AS bytes',
});

/** Counts every live job: a pass over an index, so in the background only. Every queue has every state, at 0 too. */
export async function takeOverview(on: Queryable, queues: readonly string[]): Promise<QueueOverview> {
  const rows = await on.run(countLiveJobs, {});
  const [{ bytes: storeBytes } = { bytes: 0 }] = await on.run(measureDatabase, {});
  const byKey = new Map(rows.map((row) => [`${row.state} ${row.queue}`, row]));
  return {
    jobs: queues.flatMap((queue) =>
      liveJobStates.map((state) => ({ queue, state, count: byKey.get(`${state} ${queue}`)?.count ?? 0 })),
    ),
    oldestReadyAgeSeconds: queues.map((queue) => ({
      queue,
      seconds: Math.max(0, byKey.get(`queued ${queue}`)?.oldestSeconds ?? 0),
    })),
    storeBytes,
  };
}
