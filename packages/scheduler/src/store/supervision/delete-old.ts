import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';

/** A name that nobody answers to for so long may be given to another node. */
const keepNodeSeconds = 7 * 86_400;
/** A master writes more often, while it has anything to write; nobody sends a batch again after so long. */
const keepWriterSeconds = 86_400;
/** A page shows a day of bandwidth. */
const keepMinutesSeconds = 86_400;
/** Jobs of one statement. */
const batch = 500;

/** With their attempts, logs and uses of blobs. */
const deleteEndedJobs = defineStatement({
  name: 'delete_ended_jobs',
  parameters: { seconds: 'float8', limit: 'int4' },
  columns: { id: 'uuid' },
  sql: ({ seconds, limit }) => `
    DELETE FROM weighbridge.jobs WHERE id IN (
      SELECT id FROM weighbridge.jobs WHERE ended_at < now() - ${seconds} * interval '1 second'
      ORDER BY ended_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )
    RETURNING id
  `,
});

const deleteSilentNodes = defineStatement({
  name: 'delete_silent_nodes',
  parameters: { seconds: 'float8' },
  columns: { name: 'text' },
  sql: ({ seconds }) => `
    DELETE FROM weighbridge.nodes n WHERE n.heartbeat_at < now() - ${seconds} * interval '1 second'
      AND NOT EXISTS (SELECT 1 FROM weighbridge.attempts a WHERE a.node = n.name AND a.outcome IS NULL)
    RETURNING n.name
  `,
});

const deleteOldWriters = defineStatement({
  name: 'delete_old_writers',
  parameters: { seconds: 'float8' },
  columns: { id: 'uuid' },
  sql: ({ seconds }) => `
    DELETE FROM weighbridge.traffic_writers WHERE written_at < now() - ${seconds} * interval '1 second' RETURNING id
  `,
});

const deleteOldMinutes = defineStatement({
  name: 'delete_old_bandwidth_minutes',
  parameters: { seconds: 'float8' },
  columns: { at: 'timestamptz' },
  sql: ({ seconds }) => `
    DELETE FROM weighbridge.bandwidth_minutes WHERE at < now() - ${seconds} * interval '1 second' RETURNING at
  `,
});

/** Deletes jobs that ended so long ago, old bandwidth, and nodes that have been silent for long. Queued jobs are kept as long as they wait. */
export async function deleteOld(on: Queryable, keepEndedSeconds: number): Promise<void> {
  while ((await on.run(deleteEndedJobs, { seconds: keepEndedSeconds, limit: batch })).length === batch);
  await on.run(deleteSilentNodes, { seconds: keepNodeSeconds });
  await on.run(deleteOldWriters, { seconds: keepWriterSeconds });
  await on.run(deleteOldMinutes, { seconds: keepMinutesSeconds });
}
