import { formatBytes, formatRate } from '../format.ts';
import { Facts } from '../parts/elements/facts.tsx';
import { ViewTitle } from '../parts/elements/view-title.tsx';
import { ChartSection } from '../parts/traffic/chart-section.tsx';
import { TransfersTable } from '../parts/traffic/transfers-table.tsx';
import { WindowPanel } from '../parts/traffic/window-panel.tsx';
import { usePage } from '../state/page-context.ts';
import { useKeyTimeline } from '../state/use-key-timeline.ts';

/** One client, as the service names it. */
export function ClientView({ client }: { readonly client: string }) {
  const { model } = usePage();
  const timeline = useKeyTimeline({ kind: 'client', client });
  const found = model.bandwidth?.clients.find((one) => one.client === client);
  return (
    <>
      <ViewTitle kind="Client">
        <code>{client}</code>
      </ViewTitle>
      <ChartSection subject={`the client ${client}`} timeline={timeline}>
        <Facts
          facts={[
            ['In', found && formatBytes(found.in)],
            ['Out', found && formatBytes(found.out)],
            ['Rate', formatRate(model.rates?.clients.get(client))],
          ]}
        />
      </ChartSection>
      <WindowPanel />
      <TransfersTable isShown={(transfer) => transfer.client === client} />
      {client === '_other' && <p class="card">{otherClients}</p>}
    </>
  );
}

const otherClients =
  'All clients that have no series of their own. The busiest have one: maxClients of monitorBandwidth() says how many.';
