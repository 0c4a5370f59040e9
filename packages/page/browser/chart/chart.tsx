import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatMoment, formatRate, formatTime } from '../format.ts';
import type { Span, TimeWindow } from '../state/address.ts';
import { type TimePoint, toRate } from '../state/timeline.ts';
import { ChartTable } from './chart-table.tsx';
import { toColumns } from './columns.ts';
import type { ChartData, Plot, PlotTexts } from './plot.ts';

const spanMs: Record<Span, number> = { quarter: 900_000, day: 86_400_000 };
/** Shown from the start, so that the line doesn't begin as wide as the chart. */
const leastMs = 120_000;
/** Between two tries to load what draws. */
const retryMs = 2000;
const texts: PlotTexts = {
  rate: formatRate,
  time: (seconds) => formatTime(new Date(seconds * 1000)).slice(0, seconds % 60 === 0 ? 5 : 8),
};
/** Points that the cursor moves with Page Up and Page Down. */
const stride = 30;

interface ChartProps {
  /** Of whom, for a screen reader: `this service`, `GET /files/:name`. */
  readonly subject: string;
  readonly span: Span;
  readonly points: readonly TimePoint[];
  readonly starts: readonly number[];
  readonly window: TimeWindow | undefined;
  readonly onWindow: (window: TimeWindow | undefined) => void;
}

/** Bytes per second over time: hover or use the arrow keys to read a moment, drag or press Space twice to choose a stretch. */
export function Chart({ subject, span, points, starts, window, onWindow }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const [hovered, setHovered] = useState<number>();
  const [markMs, setMarkMs] = useState<number>();
  const data = toData(span, points, starts, window);
  const chosen = useRef(onWindow);
  chosen.current = onWindow;

  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const left = new AbortController();
    const begin = async () => {
      // A file of its own: what draws takes longer to begin than all the rest.
      const loaded = await import('./plot.ts').catch(() => undefined);
      if (left.signal.aborted || !place.current) return;
      // The service has gone meanwhile; it may come back.
      if (!loaded) return void setTimeout(begin, retryMs);
      plot.current = new loaded.Plot(place.current, latest.current, texts, {
        hovered: setHovered,
        selected: (selected) => chosen.current(selected),
      });
    };
    void begin();
    return () => {
      left.abort();
      plot.current?.destroy();
    };
  }, []);
  // Not at each move of the cursor: only what is drawn anew.
  useEffect(() => plot.current?.show(data), [subject, span, points.length, data.range.toMs, window, starts]);

  const index = hovered === undefined ? undefined : Math.min(hovered, points.length - 1);
  const point = index === undefined ? undefined : points[index];
  const moveTo = (next: number) => {
    plot.current?.point(Math.max(0, Math.min(points.length - 1, next)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = index ?? points.length - 1;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => moveTo(at - 1),
      ArrowRight: () => moveTo(at + 1),
      PageDown: () => moveTo(at - stride),
      PageUp: () => moveTo(at + stride),
      Home: () => moveTo(0),
      End: () => moveTo(points.length - 1),
      ' ': () => {
        const atMs = points[at]?.atMs ?? 0;
        if (markMs === undefined || markMs === atMs) return setMarkMs(atMs);
        setMarkMs(undefined);
        onWindow({ fromMs: Math.min(markMs, atMs), toMs: Math.max(markMs, atMs) });
      },
      Escape: () => {
        setMarkMs(undefined);
        onWindow(undefined);
      },
    };
    const move = moves[event.key];
    if (!move || points.length === 0) return;
    event.preventDefault();
    move();
  };
  const text = point ? describe(point, markMs) : 'no point chosen';
  const table = useMemo(
    () => <ChartTable subject={subject} span={span} points={points} starts={starts} />,
    [subject, span, Math.floor((points.at(-1)?.atMs ?? 0) / 10_000)],
  );

  return (
    <>
      <div
        class="chart"
        role="slider"
        tabIndex={0}
        aria-label={`Bytes per second of ${subject}, out above and in below the line, over the last ${span === 'day' ? '24 hours' : '15 minutes'}. Arrow keys move through it, Space marks the two ends of a stretch of time.`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, points.length - 1)}
        aria-valuenow={index ?? Math.max(0, points.length - 1)}
        aria-valuetext={text}
        onKeyDown={onKeyDown}
        onBlur={() => setHovered(undefined)}
      >
        <div ref={place} class="plot" />
        {point && index !== undefined && (
          <Tip
            point={point}
            left={plot.current?.position(index) ?? 0}
            width={place.current?.clientWidth ?? 0}
            markMs={markMs}
          />
        )}
      </div>
      {table}
    </>
  );
}

interface TipProps {
  readonly point: TimePoint;
  /** Where the point is, and how wide the chart is, in pixels. */
  readonly left: number;
  readonly width: number;
  readonly markMs: number | undefined;
}

function Tip({ point, left, width, markMs }: TipProps) {
  const rate = toRate(point);
  const isWide = point.lengthMs > 5000;
  const line = (name: 'in' | 'out') => (
    <p class={name}>
      <span>{name === 'in' ? 'In' : 'Out'}</span>{' '}
      <strong>{rate ? formatRate(rate[name]) : 'not known any more'}</strong>
      {isWide && point.lowest && point.highest && (
        <small>
          {formatRate(point.lowest[name])} to {formatRate(point.highest[name])}
        </small>
      )}
    </p>
  );
  // Its place is a custom property: the page's policy allows no style attribute, but scripts may set one.
  return (
    <div
      class={left > width / 2 ? 'tip before' : 'tip'}
      aria-hidden="true"
      ref={(element) => element?.style.setProperty('--left', `${left}px`)}
    >
      <p>{formatMoment(point.atMs)}</p>
      {line('out')}
      {line('in')}
      {markMs !== undefined && <p>from {formatMoment(markMs)}: Space ends the stretch</p>}
    </div>
  );
}

function describe(point: TimePoint, markMs: number | undefined): string {
  const rate = toRate(point);
  const rates = rate ? `out ${formatRate(rate.out)}, in ${formatRate(rate.in)}` : 'not known any more';
  const mark = markMs === undefined ? '' : `; a stretch of time begins at ${formatMoment(markMs)}`;
  return `${formatMoment(point.atMs)}: ${rates}${mark}`;
}

function toData(
  span: Span,
  points: readonly TimePoint[],
  starts: readonly number[],
  window: TimeWindow | undefined,
): ChartData {
  const toMs = points.at(-1)?.atMs ?? Date.now();
  const firstMs = points[0] ? points[0].atMs - points[0].lengthMs : toMs;
  const fromMs = Math.max(toMs - spanMs[span], Math.min(firstMs, toMs - leastMs));
  return { columns: toColumns(points), range: { fromMs, toMs }, window, starts };
}
