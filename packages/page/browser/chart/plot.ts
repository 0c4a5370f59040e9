import uPlot from 'uplot';
import type { TimeWindow } from '../state/address.ts';

const heightPx = 220;

// It imports nothing of the page: what draws is a file of its own, and shares nothing that would be a further one.

/** What a chart draws. */
export interface ChartData {
  /** Times in seconds since 1970; mean out, mean in; highest and lowest out, highest and lowest in. In is below zero. */
  readonly columns: uPlot.AlignedData;
  /** The stretch of time that is shown, Unix time in ms. */
  readonly range: TimeWindow;
  /** The stretch that the reader has chosen. */
  readonly window: TimeWindow | undefined;
  /** Moments at which the service was started. */
  readonly starts: readonly number[];
}

/** How the axes are written. */
export interface PlotTexts {
  rate(bytesPerSecond: number): string;
  time(seconds: number): string;
}

export interface PlotEvents {
  /** The pointer is over a point; undefined once it has left. */
  hovered(index: number | undefined): void;
  /** The reader has dragged over a stretch of time. */
  selected(window: TimeWindow): void;
}

/** Out above the line, in below it: neither hides the other. Where a point holds many seconds, their extremes are a band. */
export class Plot {
  readonly #place: HTMLElement;
  readonly #events: PlotEvents;
  readonly #texts: PlotTexts;
  readonly #resize: ResizeObserver;
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)');
  #data: ChartData;
  #plot: uPlot;
  /** The moment that the keyboard has chosen. */
  #heldSeconds: number | undefined;

  constructor(place: HTMLElement, data: ChartData, texts: PlotTexts, events: PlotEvents) {
    this.#place = place;
    this.#texts = texts;
    this.#data = data;
    this.#events = events;
    this.#plot = this.#create();
    this.#resize = new ResizeObserver(() => this.#plot.setSize({ width: place.clientWidth, height: heightPx }));
    this.#resize.observe(place);
    // The canvas knows no CSS variables: new colours need a new plot.
    this.#scheme.addEventListener('change', this.#renew);
  }

  show(data: ChartData): void {
    this.#data = data;
    this.#plot.setData(data.columns);
    // Once the plot has its new scale.
    if (this.#heldSeconds !== undefined) queueMicrotask(() => this.#putCursor());
  }

  /** Puts the cursor over a point, as the pointer would; there it stays while time goes on, until the pointer moves. */
  point(index: number): void {
    this.#heldSeconds = this.#data.columns[0][index];
    this.#putCursor();
  }

  #putCursor(): void {
    if (this.#heldSeconds === undefined) return;
    this.#plot.setCursor({ left: this.#plot.valToPos(this.#heldSeconds, 'x'), top: heightPx / 3 });
  }

  /** Where a point is, in pixels from the left. */
  position(index: number): number {
    return this.#plot.valToPos(this.#data.columns[0][index] ?? 0, 'x') + this.#plot.bbox.left / devicePixelRatio;
  }

  destroy(): void {
    this.#resize.disconnect();
    this.#scheme.removeEventListener('change', this.#renew);
    this.#plot.destroy();
  }

  readonly #renew = () => {
    this.#plot.destroy();
    this.#plot = this.#create();
  };

  #create(): uPlot {
    const plot = new uPlot(this.#options(), this.#data.columns, this.#place);
    plot.over.addEventListener('mousemove', () => {
      this.#heldSeconds = undefined;
    });
    return plot;
  }

  #options(): uPlot.Options {
    const style = getComputedStyle(this.#place);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--muted'), font: `12px ${style.fontFamily}`, ticks: { show: false } };
    const line = (name: 'in' | 'out') => ({
      stroke: colour(`--${name}`),
      fill: colour(`--${name}-fill`),
      width: 1.5,
      points: { show: false },
    });
    const edge = { width: 0, points: { show: false } };
    return {
      width: this.#place.clientWidth,
      height: heightPx,
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false, dist: 5 }, points: { show: false } },
      select: { show: true, left: 0, top: 0, width: 0, height: 0 },
      scales: {
        x: { range: () => [this.#data.range.fromMs / 1000, this.#data.range.toMs / 1000] },
        y: { range: (_, min, max) => [Math.min(-500, (min ?? 0) * 1.1), Math.max(500, (max ?? 0) * 1.1)] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 28, space: 90, values: (_, at) => at.map(this.#texts.time) },
        {
          ...axis,
          grid: { stroke: colour('--line'), width: 1 },
          size: 76,
          space: 40,
          values: (_, at) => at.map((rate) => this.#texts.rate(Math.abs(rate))),
        },
      ],
      series: [{}, line('out'), line('in'), edge, edge, edge, edge],
      bands: [
        { series: [3, 4], fill: colour('--out-band') },
        { series: [6, 5], fill: colour('--in-band') },
      ],
      hooks: {
        drawClear: [(plot) => this.#drawBehind(plot, colour('--window'), colour('--muted'))],
        setCursor: [(plot) => this.#events.hovered(plot.cursor.idx ?? undefined)],
        setSelect: [(plot) => this.#select(plot)],
      },
    };
  }

  #select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width === 0) return;
    const toMs = (px: number) => plot.posToVal(px, 'x') * 1000;
    // The chosen stretch moves with the time; the plot's own box would stand still.
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#events.selected({ fromMs: toMs(left), toMs: toMs(left + width) });
  }

  /** The chosen stretch of time, and a line where the service was started. */
  #drawBehind({ ctx, bbox, valToPos }: uPlot, windowColour: string, startColour: string): void {
    const { window, starts, range } = this.#data;
    const x = (ms: number) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, valToPos(ms / 1000, 'x', true)));
    ctx.save();
    if (window) {
      ctx.fillStyle = windowColour;
      ctx.fillRect(x(window.fromMs), bbox.top, x(window.toMs) - x(window.fromMs), bbox.height);
    }
    ctx.strokeStyle = startColour;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const start of starts) {
      if (start < range.fromMs || start > range.toMs) continue;
      ctx.beginPath();
      ctx.moveTo(x(start), bbox.top);
      ctx.lineTo(x(start), bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}
