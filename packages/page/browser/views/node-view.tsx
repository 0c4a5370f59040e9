import type { NodeList } from '@weighbridge/protocol';
import { formatAge, formatBytes, formatMoment } from '../format.ts';
import { Facts } from '../parts/elements/facts.tsx';
import { ViewLink } from '../parts/elements/view-link.tsx';
import { ViewTitle } from '../parts/elements/view-title.tsx';
import { State } from '../parts/scheduler/job-state.tsx';
import { JobsTable } from '../parts/scheduler/jobs-table.tsx';
import { NodeActions } from '../parts/scheduler/node-actions.tsx';
import { ChartSection } from '../parts/traffic/chart-section.tsx';
import { TransfersTable } from '../parts/traffic/transfers-table.tsx';
import { WindowPanel } from '../parts/traffic/window-panel.tsx';
import { usePage } from '../state/page-context.ts';
import { useAnswer } from '../state/use-answer.ts';
import { useKeyTimeline } from '../state/use-key-timeline.ts';

const refreshMs = 2000;

/** One machine: what moves between it and the master, and what it runs. */
export function NodeView({ node }: { readonly node: string }) {
  const { model } = usePage();
  const timeline = useKeyTimeline({ kind: 'client', client: node });
  const { data, error } = useAnswer<NodeList>('/nodes', refreshMs);
  const found = data?.nodes.find(({ id }) => id === node);
  const transfer = model.bandwidth?.nodes.find((one) => one.node === node);
  return (
    <>
      <ViewTitle kind="Node">
        <code>{node}</code> {found && <State state={found.state} />}
      </ViewTitle>
      <ChartSection subject={`the node ${node}`} timeline={timeline}>
        <Facts
          facts={[
            ['In', formatBytes(transfer?.in ?? 0)],
            ['Out', formatBytes(transfer?.out ?? 0)],
            ['Slots', found && `${found.slotsUsed} of ${found.slots}`],
            [
              'Queues',
              found?.queues.map((queue) => (
                <span key={queue}>
                  <ViewLink view={{ name: 'queue', queue }}>{queue}</ViewLink>{' '}
                </span>
              )),
            ],
            ['Heartbeat', found && `${formatAge(Date.now() - Date.parse(found.lastHeartbeatAt))} ago`],
            ['Registered', found && formatMoment(Date.parse(found.registeredAt))],
          ]}
        />
      </ChartSection>
      {found && (
        <section class="card" aria-label="What can be done with the node">
          <NodeActions node={found} />
        </section>
      )}
      {error && <p class="empty">{error}</p>}
      {data && !found && <p class="empty">No node has this name.</p>}
      <WindowPanel />
      <TransfersTable isShown={(transfer) => transfer.client === node} />
      <JobsTable
        title="What it runs"
        query="state=running"
        isShown={(job) => job.node === node}
        empty="It runs nothing now."
      />
    </>
  );
}
