export { nameBandwidthMetrics } from './bandwidth-names.ts';
export { listQueries, type PanelQuery } from './grafana/list-queries.ts';
export { createComposeFiles, createDashboards, createMonitoringFiles } from './monitoring-files.ts';
export { interpolate } from './promql/interpolate.ts';
export { findLeftSide, type ParsedPromql, parsePromql, type Selection } from './promql/parse-promql.ts';
export type { AlertingRule, RecordingRule, RuleGroup } from './rules/rule.ts';
export { createRuleGroups } from './rules/rule-file.ts';
export { type MonitoredService, resolveService, type ServiceOptions, schedulerService } from './service.ts';
export { thresholds } from './thresholds.ts';
