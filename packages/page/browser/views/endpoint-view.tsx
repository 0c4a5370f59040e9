import type { BandwidthEndpoint } from '@weighbridge/protocol';
import { formatBytes, formatExact, formatRate, formatShare } from '../format.ts';
import { BytesCell, CountCell, ShareCell } from '../parts/elements/cells.tsx';
import { Facts } from '../parts/elements/facts.tsx';
import { type MovedLine, MovedTable, sumRest } from '../parts/elements/moved-table.tsx';
import { ViewTitle } from '../parts/elements/view-title.tsx';
import { ChartSection } from '../parts/traffic/chart-section.tsx';
import { SpecialEndpoint } from '../parts/traffic/special-endpoint.tsx';
import { TransfersTable } from '../parts/traffic/transfers-table.tsx';
import { WindowPanel } from '../parts/traffic/window-panel.tsx';
import { usePage } from '../state/page-context.ts';
import { toEndpointKey } from '../state/rates.ts';
import { useAnswer } from '../state/use-answer.ts';
import { useKeyTimeline } from '../state/use-key-timeline.ts';

const refreshMs = 1000;

interface EndpointViewProps {
  readonly method: string;
  readonly endpoint: string;
}

/** One endpoint: how much, how large, how it ended, by whom. */
export function EndpointView({ method, endpoint }: EndpointViewProps) {
  const { model } = usePage();
  const timeline = useKeyTimeline({ kind: 'endpoint', method, endpoint });
  const query = new URLSearchParams({ method, endpoint });
  const { data, error } = useAnswer<BandwidthEndpoint>(`/bandwidth/endpoint?${query}`, refreshMs);
  const out = data?.responses.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  return (
    <>
      <ViewTitle kind="Endpoint">
        <span class="method">{method}</span> <code>{endpoint}</code>
      </ViewTitle>
      <ChartSection subject={`${method} ${endpoint}`} timeline={timeline}>
        <Facts
          facts={[
            ['In', data && formatBytes(data.requestBytes)],
            ['Out', data && formatBytes(out)],
            ['Rate', formatRate(model.rates?.endpoints.get(toEndpointKey({ method, endpoint })))],
            ['Exchanges', data && formatExact(data.exchanges)],
            ['In flight', data && formatExact(data.inFlight)],
            ['Aborted', data && formatShare(data.aborted, data.exchanges)],
            ['Request size, p50 / p95', formatSizes(data?.requestSizes)],
            ['Response size, p50 / p95', formatSizes(data?.responseSizes)],
          ]}
        />
      </ChartSection>
      {error && <p class="empty">{error}</p>}
      <SpecialEndpoint endpoint={endpoint} />
      <WindowPanel />
      <TransfersTable isShown={(transfer) => transfer.method === method && transfer.endpoint === endpoint} />
      {data && data.exchanges > 0 && <Statuses data={data} out={out} />}
      {data && data.clients.length > 0 && <Clients data={data} />}
    </>
  );
}

function formatSizes(sizes: { p50: number; p95: number } | undefined): string | undefined {
  return sizes && `about ${formatBytes(sizes.p50)} / ${formatBytes(sizes.p95)}`;
}

function Statuses({ data, out }: { readonly data: BandwidthEndpoint; readonly out: number }) {
  const busy = data.responses.filter(({ bytes, exchanges }) => bytes > 0 || exchanges > 0);
  return (
    <section class="card" aria-labelledby="statuses-title">
      <div class="title">
        <h2 id="statuses-title">By status</h2>
      </div>
      <table class="list" id="statuses">
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col" class="number">
              Exchanges
            </th>
            <th scope="col" class="number">
              Out
            </th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {busy.map(({ status, bytes, exchanges }) => (
            <tr key={status}>
              <th scope="row">{status === 'none' ? 'none: it ended before a response began' : status}</th>
              <CountCell label="Exchanges" count={exchanges} />
              <BytesCell label="Out" bytes={bytes} />
              <ShareCell label="Share" part={bytes} of={out} />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Lines of clients. */
const shownClients = 20;

function Clients({ data }: { readonly data: BandwidthEndpoint }) {
  const { model } = usePage();
  const isScheduler = model.service?.hasScheduler ?? false;
  const lines = data.clients.map(
    ({ client, ...moved }): MovedLine => ({
      name: client,
      ...moved,
      view: isScheduler ? { name: 'node', node: client } : { name: 'client', client },
    }),
  );
  return (
    <section class="card" aria-labelledby="endpoint-clients-title">
      <div class="title">
        <h2 id="endpoint-clients-title">{isScheduler ? 'By node' : 'By client'}</h2>
      </div>
      <MovedTable
        id="endpoint-clients"
        title={isScheduler ? 'Node' : 'Client'}
        lines={sumRest(lines, shownClients)}
        all={lines.reduce((sum, line) => sum + line.in + line.out, 0)}
      />
    </section>
  );
}
