import { type Job, type JobState, type JobSummary, liveJobStates } from '@weighbridge/protocol';
import type { MasterContext } from '../context.ts';
import { describeWaiting } from './describe-waiting.ts';

const notBegun: readonly JobState[] = liveJobStates.filter((state) => state !== 'running' && state !== 'cancelling');

/** The same jobs; those that have not begun say what they wait for. */
export async function addWaiting<T extends Job | JobSummary>(
  { store, cluster }: Pick<MasterContext, 'store' | 'cluster'>,
  jobs: readonly T[],
): Promise<T[]> {
  const ids = jobs.flatMap(({ id, state }) => (notBegun.includes(state) ? [id] : []));
  const waiting = await store.jobs.findWaiting(ids);
  return jobs.map((job) => {
    const found = waiting.get(job.id);
    return found ? { ...job, waitingFor: describeWaiting(job, found, cluster.nodes) } : job;
  });
}
