import { Books } from '../parts/books.tsx';
import { ChartSection } from '../parts/chart-section.tsx';
import { ClientsTable } from '../parts/clients-table.tsx';
import { EndpointsTable } from '../parts/endpoints-table.tsx';
import { Gauges } from '../parts/gauges.tsx';
import { JobsTable } from '../parts/jobs-table.tsx';
import { NodesTable } from '../parts/nodes-table.tsx';
import { TransfersTable } from '../parts/transfers-table.tsx';
import { WindowPanel } from '../parts/window-panel.tsx';
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
          <JobsTable title="Jobs" empty="No job yet. Submit one: weighbridge jobs submit --wait -- echo hello" />
          <NodesTable />
        </>
      )}
    </>
  );
}
