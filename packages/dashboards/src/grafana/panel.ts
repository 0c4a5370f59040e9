import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  type DataSourceRef,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TableSortByFieldStateBuilder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Whoever looks chooses the data source at the top of the dashboard. */
export const datasource: DataSourceRef = { type: 'prometheus', uid: '$datasource' };

/** One line of a panel, or as many as its query answers. */
export interface Query {
  readonly expr: string;
  /** What the legend says; `{{label}}` is replaced. */
  readonly legend: string;
}

/** A colour from a value on. The first has no value. */
export interface Step {
  readonly from?: number;
  readonly color: 'green' | 'yellow' | 'red' | 'blue';
}

/** Where a panel lies in its row: columns of 24, heights of 30 px, from the row's upper left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** What every panel has: no panel without a unit, a description, and what it shows without data. */
interface PanelOptions {
  readonly title: string;
  /** What it shows and what to do about it, in full sentences. */
  readonly description: string;
  /** A unit of Grafana's: `Bps`, `bytes`, `s`, `short`, `percentunit`, … */
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly place: Place;
  readonly steps?: readonly Step[];
  /** Shown when no query has data. */
  readonly noValue: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
}

export interface GraphOptions extends PanelOptions {
  readonly stacked?: boolean;
  /** Queries, by the beginning of their legend, that are drawn below the axis. */
  readonly below?: string;
  /** Draws the steps as lines. */
  readonly stepLines?: boolean;
  /** A legend that can be sorted and scrolled: beside a wide graph, below a narrow one. */
  readonly manyLines?: boolean;
  /** Colours of lines by what the legend says. */
  readonly colors?: Readonly<Record<string, string>>;
}

export interface StatOptions extends PanelOptions {
  /** Words instead of numbers. */
  readonly words?: Readonly<Record<string, { text: string; color: Step['color'] }>>;
  /** A line of the last hours behind the number. */
  readonly sparkline?: boolean;
}

export interface TableOptions extends PanelOptions {
  /** The queries' labels and then their values, as columns in this order, with their headings. */
  readonly columns: Readonly<Record<string, string>>;
  /** The heading of the column that it is sorted by at first, the largest on top. */
  readonly sortBy: string;
}

/** A panel and its place in the row. */
export interface PlacedPanel {
  readonly builder: Builder<Panel>;
  readonly place: Place;
}

/** Lines over time. */
export function graph(options: GraphOptions): PlacedPanel {
  const builder = configure(new TimeseriesBuilder(), options)
    // In a stack the line of a series at 0 would be drawn around what lies below it.
    .lineWidth(options.stacked ? 0 : 1)
    .fillOpacity(options.stacked ? 60 : 10)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(options.manyLines ? tableLegend(options.place) : listLegend());
  if (options.stacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (options.below !== undefined) builder.overrideByRegexp(`/^${options.below}/`, drawBelow(options.stacked === true));
  for (const [line, fixedColor] of Object.entries(options.colors ?? {})) {
    builder.overrideByName(line, [{ id: 'color', value: { mode: 'fixed', fixedColor } }]);
  }
  if (options.stepLines)
    builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  return { builder, place: options.place };
}

/** One number with a colour that means something. */
export function stat(options: StatOptions): PlacedPanel {
  const builder = configure(new StatBuilder(), options)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .colorMode(BigValueColorMode.Background)
    .graphMode(options.sparkline ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
  if (options.words) builder.mappings([wordMapping(options.words)]);
  return { builder, place: options.place };
}

/** The answers of instant queries side by side, joined by their labels: none is lost that one side lacks. */
export function table(options: TableOptions): PlacedPanel {
  const builder = configure(new TableBuilder(), options, true)
    .sortBy([new TableSortByFieldStateBuilder().displayName(options.sortBy).desc(true)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(Object.keys(options.columns).map((column, index) => [column, index])),
        renameByName: options.columns,
      },
    });
  return { builder, place: options.place };
}

type AnyBuilder = TimeseriesBuilder | StatBuilder | TableBuilder;

function configure<B extends AnyBuilder>(builder: B, options: PanelOptions, asTable = false): B {
  const { title, description, unit, queries, steps = [{ color: 'green' }], noValue, decimals, min, max } = options;
  builder
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .noValue(noValue)
    .targets(queries.map((query, index) => target(query, index, asTable)))
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps(steps.map(({ from, color }) => ({ value: from ?? null, color }))),
    );
  if (decimals !== undefined) builder.decimals(decimals);
  if (min !== undefined) builder.min(min);
  if (max !== undefined) builder.max(max);
  return builder;
}

function target({ expr, legend }: Query, index: number, asTable: boolean): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .datasource(datasource)
    .expr(expr)
    .legendFormat(legend);
  return asTable ? builder.instant().format(PromQueryFormat.Table) : builder.range();
}

function listLegend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([]);
}

function tableLegend({ w }: Place): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.Table)
    .placement(w > 12 ? LegendPlacement.Right : LegendPlacement.Bottom)
    .calcs(['lastNotNull', 'max'])
    .sortBy('Max')
    .sortDesc(true);
}

function drawBelow(stacked: boolean): DynamicConfigValue[] {
  const below = { id: 'custom.transform', value: 'negative-Y' };
  // In a stack of its own: in one with the lines above the axis the two would cancel out.
  return stacked ? [below, { id: 'custom.stacking', value: { mode: 'normal', group: 'B' } }] : [below];
}

function wordMapping(words: NonNullable<StatOptions['words']>): ValueMapping {
  const entries = Object.entries(words).map(([value, result], index) => [value, { ...result, index }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(entries) };
}
