import type { Queue } from '@weighbridge/protocol';
import { formatAge, formatExact } from '../format.ts';
import { Facts } from '../parts/elements/facts.tsx';
import { ViewLink } from '../parts/elements/view-link.tsx';
import { ViewTitle } from '../parts/elements/view-title.tsx';
import { RetryFailed } from '../parts/scheduler/job-actions.tsx';
import { JobsTable } from '../parts/scheduler/jobs-table.tsx';
import { SubmitJob } from '../parts/scheduler/submit-job.tsx';
import { useAnswer } from '../state/use-answer.ts';

const refreshMs = 2000;

/** One queue: what waits, for how long, and who serves it. */
export function QueueView({ queue }: { readonly queue: string }) {
  const { data, error } = useAnswer<Queue>(`/queues/${encodeURIComponent(queue)}`, refreshMs);
  const oldest = data?.oldest;
  return (
    <>
      <ViewTitle kind="Queue">
        <code>{queue}</code>
      </ViewTitle>
      {error && <p class="empty">{error}</p>}
      {data && (
        <section class="card" aria-label="The queue">
          <Facts
            facts={[
              ...Object.entries(data.counts).map(([state, count]) => [state, formatExact(count)] as const),
              [
                'Waits longest',
                oldest ? (
                  <ViewLink view={{ name: 'job', job: oldest.job.id }} title={oldest.job.commandLine}>
                    <code>{oldest.job.id.slice(0, 8)}</code>, for{' '}
                    {formatAge(Date.now() - Date.parse(oldest.readySince))}
                  </ViewLink>
                ) : (
                  'no job'
                ),
              ],
              [
                'Served by',
                data.nodes.length === 0
                  ? 'no node that is ready'
                  : data.nodes.map((node, index) => (
                      <span key={node}>
                        {index > 0 && ', '}
                        <ViewLink view={{ name: 'node', node }}>{node}</ViewLink>
                      </span>
                    )),
              ],
            ]}
          />
        </section>
      )}
      <JobsTable title="Its jobs" query={`queue=${encodeURIComponent(queue)}`} empty="This queue has no job.">
        <RetryFailed queue={queue} />
      </JobsTable>
      <SubmitJob queue={queue} />
    </>
  );
}
