import type { ComponentChildren } from 'preact';
import { Chart } from '../../chart/chart.tsx';
import type { Span } from '../../state/address.ts';
import { usePage } from '../../state/page-context.ts';
import type { Timeline } from '../../state/timeline.ts';

interface ChartSectionProps {
  /** Whose bytes, for a screen reader. */
  readonly subject: string;
  readonly timeline: Timeline;
  /** What stands above the chart. */
  readonly children?: ComponentChildren;
}

const spans: [Span, string][] = [
  ['quarter', '15 minutes'],
  ['day', '24 hours'],
];

/** A chart with the choice of how much time it shows. */
export function ChartSection({ subject, timeline, children }: ChartSectionProps) {
  const { model, address, go } = usePage();
  const points = address.span === 'day' ? timeline.minutes() : timeline.seconds;
  return (
    <section class="now" aria-label={`Bandwidth of ${subject}`}>
      {children}
      <fieldset class="spans">
        <legend class="unseen">How much time the chart shows</legend>
        {spans.map(([span, label]) => (
          <button
            type="button"
            class="quiet"
            key={span}
            data-span={span}
            aria-pressed={address.span === span}
            onClick={() => go({ ...address, span })}
          >
            {label}
          </button>
        ))}
        <span class="aside hint">Drag over the chart to see who moved what</span>
      </fieldset>
      <Chart
        subject={subject}
        span={address.span}
        points={points}
        starts={model.starts}
        window={address.window}
        onWindow={(window) => go({ ...address, window })}
      />
    </section>
  );
}
