import { formatBytes, formatExact, formatRate } from '../../format.ts';
import { usePage } from '../../state/page-context.ts';
import { type Directions, perSecond, type TimePoint } from '../../state/timeline.ts';

/** One late second doesn't make the rates jump. */
const recentPoints = 3;

/** The three figures on top: in, out, open. */
export function Gauges() {
  const { model, address } = usePage();
  const { bandwidth } = model;
  const timeline = address.withOwn ? model.all : model.others;
  const rate = bandwidth && toRecentRate(timeline.seconds);
  const own = bandwidth && !address.withOwn ? model.sumOwn(bandwidth) : { in: 0, out: 0 };
  const gauge = (way: 'in' | 'out') => {
    const total = bandwidth && bandwidth.connection[way] - own[way];
    return (
      <div class={`gauge ${way}`}>
        <dt>{way === 'in' ? 'In' : 'Out'}</dt>
        <dd>
          <span class="rate" id={`${way}-rate`}>
            {formatRate(rate?.[way])}
          </span>
          <span
            class="total"
            id={`${way}-total`}
            title={total === undefined ? undefined : `${formatExact(total)} bytes`}
          >
            {total === undefined ? 'waiting for the first totals' : `${formatBytes(total)} since the start`}
          </span>
        </dd>
      </div>
    );
  };
  return (
    <dl class="gauges">
      {gauge('in')}
      {gauge('out')}
      <div class="gauge open">
        <dt>Open</dt>
        <dd>
          <span class="rate" id="open">
            {bandwidth ? formatExact(bandwidth.openConnections) : '–'}
          </span>
          <span class="total" id="in-flight">
            {bandwidth?.openConnections === 1 ? 'connection' : 'connections'}
            {bandwidth && `, ${formatExact(bandwidth.inFlight)} in flight`}
          </span>
        </dd>
      </div>
    </dl>
  );
}

function toRecentRate(points: readonly TimePoint[]): Directions | undefined {
  const recent = points.slice(-recentPoints);
  if (recent.length === 0) return undefined;
  const sum = { in: 0, out: 0 };
  let ms = 0;
  for (const { moved, lengthMs } of recent) {
    sum.in += moved?.in ?? 0;
    sum.out += moved?.out ?? 0;
    ms += lengthMs;
  }
  return perSecond(sum, ms);
}
