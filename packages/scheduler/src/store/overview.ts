import { type LiveJobState, liveJobStates } from '@weighbridge/protocol';
import type { StoreContext } from './context.ts';
import { countCancelling, countLiveJobs, oldestReady } from './queue-statements.ts';
import type { QueueOverview } from './store.ts';

/** Counts every live job: a pass over an index, so in the background only. Every queue has every state, at 0 too. */
export async function takeOverview({ database, queues }: StoreContext): Promise<QueueOverview> {
  await queues.refresh();
  const [live, cancelling, oldest] = await Promise.all([
    database.query(countLiveJobs),
    database.query(countCancelling),
    database.query(oldestReady),
  ]);
  const counts = new Map<string, number>(live.map((row) => [`${row.state} ${row.name}`, row.count]));
  for (const row of cancelling) counts.set(`cancelling ${row.name}`, row.count);
  const ages = new Map<string, number>(oldest.map((row) => [row.name, row.seconds]));
  const of = (queue: string, state: LiveJobState) => ({ queue, state, count: counts.get(`${state} ${queue}`) ?? 0 });
  return {
    jobs: queues.names.flatMap((queue) => liveJobStates.map((state) => of(queue, state))),
    oldestReadyAgeSeconds: queues.names.map((queue) => ({ queue, seconds: Math.max(0, ages.get(queue) ?? 0) })),
  };
}
