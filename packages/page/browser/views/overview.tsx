import { RetryFailed } from '../parts/scheduler/job-actions.tsx';
import { JobsTable } from '../parts/scheduler/jobs-table.tsx';
import { NodesTable } from '../parts/scheduler/nodes-table.tsx';
import { SubmitJob } from '../parts/scheduler/submit-job.tsx';
import { Books } from '../parts/traffic/books.tsx';
import { ChartSection } from '../parts/traffic/chart-section.tsx';
import { ClientsTable } from '../parts/traffic/clients-table.tsx';
import { EndpointsTable } from '../parts/traffic/endpoints-table.tsx';
import { Gauges } from '../parts/traffic/gauges.tsx';
import { TransfersTable } from '../parts/traffic/transfers-table.tsx';
import { WindowPanel } from '../parts/traffic/window-panel.tsx';
import { usePage } from '../state/page-context.ts';

/** The whole service on one page. */
export function Overview() {
  const { model, address } = usePage();
  return (
    <>
      <ChartSection subject="this service" timeline={address.withOwn ? model.all : model.others}>
        <h2 class="unseen">Bandwidth now</h2>
        <Gauges />
      </ChartSection>
      <WindowPanel />
      <TransfersTable />
      <Books />
      <EndpointsTable />
      <ClientsTable />
      {model.service?.hasScheduler && (
        <>
          <SubmitJob />
          <JobsTable title="Jobs" empty="No job yet. Submit one: weighbridge jobs submit --wait -- echo hello">
            <RetryFailed />
          </JobsTable>
          <NodesTable />
        </>
      )}
    </>
  );
}
