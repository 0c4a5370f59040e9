import type { StoreContext } from './context.ts';
import { goneAttempts, goneBlobUses } from './queue-statements.ts';
import { deleteAfterSeconds } from './queues.ts';

/** Rows of one transaction. */
const batch = 500;

/** A name that nobody answers to for so long may be given to another node. */
const forgetNodeDays = 7;

async function sweepJobs({ database }: StoreContext): Promise<void> {
  for (;;) {
    const gone = await database.query(goneAttempts, [deleteAfterSeconds, batch]);
    const ids = gone.map((row) => row.job_id);
    for (const table of ['log_chunks', 'job_logs', 'attempts']) {
      await database.query(`DELETE FROM weighbridge.${table} WHERE job_id = ANY($1::uuid[])`, [ids]);
    }
    if (ids.length < batch) return;
  }
}

/** Removes what we keep about jobs that the queue has deleted, and nodes long lost. */
export async function sweep(context: StoreContext): Promise<void> {
  await sweepJobs(context);
  await context.database.query(goneBlobUses, [deleteAfterSeconds]);
  await context.database.query(
    `DELETE FROM weighbridge.nodes n WHERE n.heartbeat_at < now() - ${forgetNodeDays} * interval '1 day'
       AND NOT EXISTS (SELECT 1 FROM weighbridge.attempts a WHERE a.node = n.name AND a.outcome IS NULL)`,
  );
}
