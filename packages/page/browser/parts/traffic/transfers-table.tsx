import type { BandwidthTransfers } from '@weighbridge/protocol';
import { formatBytes, formatDuration, formatExact } from '../../format.ts';
import { usePage } from '../../state/page-context.ts';
import { useAnswer } from '../../state/use-answer.ts';
import { Bar, RateCell } from '../elements/cells.tsx';
import { ViewLink } from '../elements/view-link.tsx';

type Transfer = BandwidthTransfers['transfers'][number];

const shown = 10;
const refreshMs = 1000;

interface TransfersTableProps {
  /** Of the largest, those that belong here. */
  readonly isShown?: (transfer: Transfer) => boolean;
}

/** What is under way: how far it is, how fast, and when it will be over. */
export function TransfersTable({ isShown = () => true }: TransfersTableProps) {
  const { model, address } = usePage();
  const isBusy = (model.bandwidth?.inFlight ?? 0) > 0;
  const { data } = useAnswer<BandwidthTransfers>(isBusy ? '/bandwidth/transfers' : undefined, refreshMs);
  const transfers = (data?.transfers ?? [])
    .filter(({ endpoint }) => address.withOwn || !endpoint || !model.isOwn(endpoint))
    .filter(isShown);
  if (transfers.length === 0) return null;
  const isScheduler = model.service?.hasScheduler ?? false;
  const withWho = isScheduler || transfers.some(({ client }) => client !== undefined);
  return (
    <section class="card" aria-labelledby="transfers-title">
      <div class="title">
        <h2 id="transfers-title">Under way</h2>
        {transfers.length > shown && <p class="aside">the largest {formatExact(shown)}</p>}
      </div>
      <table class="list transfers" id="transfers">
        <thead>
          <tr>
            <th scope="col">Endpoint</th>
            {withWho && <th scope="col">{isScheduler ? 'Job or node' : 'Client'}</th>}
            <th scope="col">So far</th>
            <th scope="col" class="number">
              Rate
            </th>
            <th scope="col" class="number">
              Time left
            </th>
          </tr>
        </thead>
        <tbody>
          {transfers.slice(0, shown).map((transfer) => (
            <TransferRow key={transfer.id} transfer={transfer} withWho={withWho} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function TransferRow({ transfer, withWho }: { readonly transfer: Transfer; readonly withWho: boolean }) {
  const { method, endpoint, rate, secondsLeft } = transfer;
  const name = (
    <>
      <span class="method">{method}</span> <code>{endpoint ?? 'not known yet'}</code>
    </>
  );
  const { soFar, total } = toProgress(transfer);
  return (
    <tr>
      <th scope="row">
        {endpoint === undefined ? name : <ViewLink view={{ name: 'endpoint', method, endpoint }}>{name}</ViewLink>}
      </th>
      {withWho && (
        <td data-label="By">
          <Who transfer={transfer} />
        </td>
      )}
      <td class="share" data-label="So far" title={`${formatExact(soFar)} bytes`}>
        {total !== undefined && <Bar filled={total > 0 ? Math.min(1, soFar / total) : 1} />}
        {formatBytes(soFar)}
        {total !== undefined && ` of ${formatBytes(total)}`}
      </td>
      <RateCell rate={rate} />
      <td class="number" data-label="Time left">
        {secondsLeft === undefined ? '–' : formatDuration(secondsLeft * 1000)}
      </td>
    </tr>
  );
}

function Who({ transfer: { job, client } }: { readonly transfer: Transfer }) {
  const { model } = usePage();
  if (job !== undefined)
    return (
      <ViewLink view={{ name: 'job', job }} title={job}>
        <code>{job.slice(0, 8)}</code>
      </ViewLink>
    );
  if (client === undefined) return <>–</>;
  const view = model.service?.hasScheduler
    ? ({ name: 'node', node: client } as const)
    : ({ name: 'client', client } as const);
  return (
    <ViewLink view={view}>
      <code>{client}</code>
    </ViewLink>
  );
}

/** In the direction that matters: an upload is what comes in, everything else what goes out. */
function toProgress(transfer: Transfer): { soFar: number; total: number | undefined } {
  const isUpload = (transfer.requestLength ?? 0) > 0 || transfer.in > transfer.out;
  const isReceived = isUpload && transfer.out > transfer.in;
  return isUpload && !isReceived
    ? { soFar: transfer.in, total: transfer.requestLength }
    : { soFar: transfer.out, total: transfer.responseLength };
}
