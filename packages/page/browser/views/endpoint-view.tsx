import { formatBytes, formatExact, formatRate } from '../format.ts';
import { ChartSection } from '../parts/chart-section.tsx';
import { Facts } from '../parts/facts.tsx';
import { ViewTitle } from '../parts/view-title.tsx';
import { WindowPanel } from '../parts/window-panel.tsx';
import { usePage } from '../state/page-context.ts';
import { toEndpointKey } from '../state/rates.ts';
import { useKeyTimeline } from '../state/use-key-timeline.ts';

interface EndpointViewProps {
  readonly method: string;
  readonly endpoint: string;
}

/** One endpoint. */
export function EndpointView({ method, endpoint }: EndpointViewProps) {
  const { model } = usePage();
  const timeline = useKeyTimeline({ kind: 'endpoint', method, endpoint });
  const found = model.bandwidth?.endpoints.find((one) => one.method === method && one.endpoint === endpoint);
  return (
    <>
      <ViewTitle kind="Endpoint">
        <span class="method">{method}</span> <code>{endpoint}</code>
      </ViewTitle>
      <ChartSection subject={`${method} ${endpoint}`} timeline={timeline}>
        <Facts
          facts={[
            ['In', found && formatBytes(found.requestBytes)],
            ['Out', found && formatBytes(found.responseBytes)],
            ['Rate', formatRate(model.rates?.endpoints.get(toEndpointKey({ method, endpoint })))],
            ['Exchanges', found && formatExact(found.exchanges)],
          ]}
        />
      </ChartSection>
      <WindowPanel />
      {model.bandwidth && !found && <p class="empty">This endpoint has had no exchange since the start.</p>}
    </>
  );
}
