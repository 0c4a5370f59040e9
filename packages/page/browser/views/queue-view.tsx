import { JobsTable } from '../parts/jobs-table.tsx';
import { ViewTitle } from '../parts/view-title.tsx';

/** One queue. */
export function QueueView({ queue }: { readonly queue: string }) {
  return (
    <>
      <ViewTitle kind="Queue">
        <code>{queue}</code>
      </ViewTitle>
      <JobsTable title="Its jobs" query={`queue=${encodeURIComponent(queue)}`} empty="This queue has no job." />
    </>
  );
}
