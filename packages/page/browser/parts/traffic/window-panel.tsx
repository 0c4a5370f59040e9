import type { BandwidthWindow } from '@weighbridge/protocol';
import { formatBytes, formatDuration, formatMoment, formatShare } from '../../format.ts';
import { usePage } from '../../state/page-context.ts';
import { useAnswer } from '../../state/use-answer.ts';
import { type MovedLine, MovedTable, sumRest } from '../elements/moved-table.tsx';

/** Lines of a breakdown. */
const shown = 10;

/** What moved in the stretch of time that the reader has chosen, and who moved it. */
export function WindowPanel() {
  const { address, go, model } = usePage();
  const { window } = address;
  const path = window && `/bandwidth/window?from=${Math.round(window.fromMs)}&to=${Math.round(window.toMs)}`;
  const { data, error } = useAnswer<BandwidthWindow>(path, 0);
  if (!window) return null;
  return (
    <section class="card window" aria-labelledby="window-title" id="window">
      <div class="title">
        <h2 id="window-title">
          {formatMoment(window.fromMs)} to {formatMoment(window.toMs)}
        </h2>
        <button type="button" class="quiet" id="clear-window" onClick={() => go({ ...address, window: undefined })}>
          Clear
        </button>
      </div>
      {error && <p class="empty">{error}</p>}
      {!data && !error && <p class="empty">Loading</p>}
      {data && <WindowBody data={data} withOwn={address.withOwn} isOwn={(endpoint) => model.isOwn(endpoint)} />}
    </section>
  );
}

interface WindowBodyProps {
  readonly data: BandwidthWindow;
  readonly withOwn: boolean;
  readonly isOwn: (endpoint: string) => boolean;
}

function WindowBody({ data, withOwn, isOwn }: WindowBodyProps) {
  const { model } = usePage();
  const own = withOwn ? { in: 0, out: 0 } : data.own;
  const moved = { in: data.in - own.in, out: data.out - own.out };
  const endpoints = withOwn ? data.endpoints : data.endpoints.filter(({ endpoint }) => !isOwn(endpoint));
  const [first] = endpoints;
  const larger = moved.out >= moved.in ? 'out' : 'in';
  return (
    <>
      <p class="summary" role="status">
        <strong>
          {formatBytes(moved.out)} out, {formatBytes(moved.in)} in
        </strong>{' '}
        in {formatDuration(data.to - data.from)}
        {first && moved[larger] > 0 && (
          <>
            ; {formatShare(first[larger], moved[larger])} of what went {larger}:{' '}
            <code>
              {first.method} {first.endpoint}
            </code>
          </>
        )}
        .
      </p>
      {data.knownFrom > data.from && <p class="aside">Who moved it is known from {formatMoment(data.knownFrom)} on.</p>}
      <div class="columns">
        <Breakdown
          title="By endpoint"
          moved={moved}
          lines={endpoints.map((line) => ({
            ...line,
            name: `${line.method} ${line.endpoint}`,
            view: { name: 'endpoint', method: line.method, endpoint: line.endpoint } as const,
          }))}
        />
        <Breakdown
          title={model.service?.hasScheduler ? 'By node' : 'By client'}
          moved={moved}
          lines={data.clients.map((line) => ({
            ...line,
            name: line.client,
            view: model.service?.hasScheduler
              ? ({ name: 'node', node: line.client } as const)
              : ({ name: 'client', client: line.client } as const),
          }))}
        />
        <Breakdown
          title="Unattributed, by reason"
          moved={moved}
          lines={data.unattributed.map((line) => ({
            ...line,
            name: line.reason,
            view: { name: 'unattributed' } as const,
          }))}
        />
      </div>
    </>
  );
}

interface BreakdownProps {
  readonly title: string;
  readonly moved: { readonly in: number; readonly out: number };
  readonly lines: readonly MovedLine[];
}

function Breakdown({ title, moved, lines }: BreakdownProps) {
  if (lines.length === 0) return null;
  return <MovedTable title={title} lines={sumRest(lines, shown)} all={moved.in + moved.out} />;
}
