import { type JobSummary, limits, type Node, type WaitingFor } from '@weighbridge/protocol';
import type { WaitingJob } from '../../store/store.ts';

/** Nodes that one sentence names. */
const nodesNamed = 3;

/** What a job waits for that has not begun, by what its master knows of its nodes. */
export function describeWaiting(
  job: Pick<JobSummary, 'state' | 'queue' | 'slots'>,
  { runAt, ahead, parents, parentCount }: WaitingJob,
  nodes: readonly Node[],
): WaitingFor {
  if (job.state === 'blocked') return describeParents(parents, parentCount);
  if (job.state === 'scheduled') return { code: 'time', detail: `until ${runAt}`, until: runAt };
  const serving = nodes.filter(({ queues }) => queues.includes(job.queue));
  const ready = serving.filter(({ state }) => state === 'ready');
  const largest = Math.max(0, ...ready.map(({ slots }) => slots));
  if (serving.length === 0) return { code: 'no-node', detail: `no node serves queue ${job.queue}` };
  if (ready.length === 0) return describeUnavailable(job.queue, serving);
  if (largest < job.slots)
    return { code: 'too-wide', detail: `needs ${formatSlots(job.slots)}, the largest node has ${largest}` };
  if (ahead > 0) return describeAhead(ahead);
  if (ready.some(({ slots, slotsUsed }) => slots - slotsUsed >= job.slots))
    return { code: 'soon', detail: 'begins in a moment' };
  return {
    code: 'slots',
    detail: job.slots === 1 ? 'waits for a free slot' : `waits for ${job.slots} free slots of one node`,
  };
}

const formatSlots = (slots: number) => `${slots} ${slots === 1 ? 'slot' : 'slots'}`;

function describeUnavailable(queue: string, serving: readonly Node[]): WaitingFor {
  const named = serving.slice(0, nodesNamed).map(({ id, state }) => `node ${id} is ${state}`);
  const more = serving.length > named.length ? `, and none of ${serving.length - named.length} more is ready` : '';
  const detail =
    serving.length === 1 ? `${named[0]}` : `queue ${queue} has no node that is ready: ${named.join(', ')}${more}`;
  return { code: 'node-unavailable', detail };
}

function describeAhead(ahead: number): WaitingFor {
  const count = ahead >= limits.jobsAheadCounted ? `at least ${ahead}` : String(ahead);
  return { code: 'jobs-ahead', detail: `${count} ${ahead === 1 ? 'job' : 'jobs'} ahead`, ahead };
}

function describeParents(parents: WaitingJob['parents'], count: number): WaitingFor {
  const [first] = parents;
  // They have just ended.
  if (!first) return { code: 'soon', detail: 'the jobs that it depends on have ended' };
  const name = first.key === undefined ? first.id : `${first.id} (${first.key})`;
  const more = count > 1 ? ` and ${count - 1} more` : '';
  return { code: 'jobs', detail: `waits for job ${name}${more}`, jobs: parents.map(({ id }) => id) };
}
