import { formatBytes, formatExact, formatMoment, formatRate } from '../format.ts';
import type { Span } from '../state/address.ts';
import type { Directions, TimePoint } from '../state/timeline.ts';

const stepMs: Record<Span, number> = { quarter: 60_000, day: 3_600_000 };

/** A service is started this long before its first second is over. */
const startedBeforeMs = 5000;

interface ChartTableProps {
  readonly subject: string;
  readonly span: Span;
  readonly points: readonly TimePoint[];
  readonly starts: readonly number[];
}

interface Step {
  readonly fromMs: number;
  readonly moved: { in: number; out: number };
  readonly highest: { in: number; out: number };
}

/** The chart as a table, a row a minute or an hour: for a screen reader, and to copy from. */
export function ChartTable({ subject, span, points, starts }: ChartTableProps) {
  const steps = toSteps(points, stepMs[span]);
  const firstMs = points[0] ? points[0].atMs - points[0].lengthMs : Number.POSITIVE_INFINITY;
  const shownStarts = starts.filter((start) => start >= firstMs - startedBeforeMs);
  return (
    <details class="chart-table">
      <summary>As a table</summary>
      <table class="list">
        <caption class="unseen">
          Bytes of {subject} by the {span === 'day' ? 'hour' : 'minute'}
        </caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col" class="number">
              Out
            </th>
            <th scope="col" class="number">
              Busiest second out
            </th>
            <th scope="col" class="number">
              In
            </th>
            <th scope="col" class="number">
              Busiest second in
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map(({ fromMs, moved, highest }) => (
            <tr key={fromMs}>
              <th scope="row">{formatMoment(fromMs)}</th>
              <Moved label="Out" bytes={moved.out} />
              <td class="number" data-label="Busiest second out">
                {formatRate(highest.out)}
              </td>
              <Moved label="In" bytes={moved.in} />
              <td class="number" data-label="Busiest second in">
                {formatRate(highest.in)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shownStarts.length > 0 && <p class="aside">Started at {shownStarts.map(formatMoment).join(', ')}.</p>}
    </details>
  );
}

function Moved({ label, bytes }: { label: string; bytes: number }) {
  return (
    <td class="number" data-label={label} title={`${formatExact(bytes)} bytes`}>
      {formatBytes(bytes)}
    </td>
  );
}

function toSteps(points: readonly TimePoint[], stepMs: number): Step[] {
  const steps = new Map<number, Step>();
  for (const { atMs, lengthMs, moved, highest } of points) {
    const fromMs = Math.floor((atMs - lengthMs / 2) / stepMs) * stepMs;
    const step = steps.get(fromMs) ?? { fromMs, moved: { in: 0, out: 0 }, highest: { in: 0, out: 0 } };
    steps.set(fromMs, step);
    if (moved) addTo(step.moved, moved);
    if (highest) raiseTo(step.highest, highest);
  }
  return [...steps.values()].reverse();
}

function addTo(sum: { in: number; out: number }, moved: Directions): void {
  sum.in += moved.in;
  sum.out += moved.out;
}

function raiseTo(highest: { in: number; out: number }, other: Directions): void {
  highest.in = Math.max(highest.in, other.in);
  highest.out = Math.max(highest.out, other.out);
}
