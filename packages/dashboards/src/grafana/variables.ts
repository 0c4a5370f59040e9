import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource } from './panel.ts';

/** The matchers that every query of a dashboard carries. */
export const targetMatchers = 'job=~"$job",instance=~"$instance"';

/** `{job=~"$job",instance=~"$instance"}`, and what more is given. */
export function select(...more: string[]): string {
  return `{${[targetMatchers, ...more].join(',')}}`;
}

/** What a counter of the chosen targets grows by per second, summed by labels such as `queue, outcome`. */
export function rateBy(labels: string, counter: string, ...matchers: string[]): string {
  return `sum by (${labels}) (rate(${counter}${select(...matchers)}[$__rate_interval]))`;
}

/** Any data source that speaks PromQL: Prometheus, VictoriaMetrics, Mimir, Thanos. */
export function datasourceVariable(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus');
}

/** Scrape jobs and instances that have this metric; all of them at first. */
export function targetVariables(metric: string): QueryVariableBuilder[] {
  return [
    labelVariable('job', 'Job', `label_values(${metric}, job)`),
    labelVariable('instance', 'Instance', `label_values(${metric}{job=~"$job"}, instance)`),
  ];
}

/** The prefixes under which the monitor's families are found: what stands before `metric`. */
export function prefixVariable(metric: string, prefix: string): QueryVariableBuilder {
  const query = `label_values({__name__=~".*${metric}"}, __name__)`;
  return new QueryVariableBuilder('prefix')
    .label('Prefix')
    .description("What stands before http_… in the metrics' names: the option `prefix` of the monitor.")
    .datasource(datasource)
    .query({ query, refId: 'prefix' })
    .definition(query)
    .regex(`/^(.*)${metric}$/`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .current({ selected: true, text: prefix, value: prefix });
}

/** A number that whoever looks may type. */
export function numberVariable(
  name: string,
  label: string,
  description: string,
  value: string,
): TextBoxVariableBuilder {
  return new TextBoxVariableBuilder(name)
    .label(label)
    .description(description)
    .hide(VariableHide.DontHide)
    .defaultValue(value)
    .options([{ selected: true, text: value, value }])
    .current({ selected: true, text: value, value });
}

function labelVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}
