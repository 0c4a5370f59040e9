import { nameBandwidthMetrics } from '../bandwidth-names.ts';
import type { MonitoredService } from '../monitored-service.ts';
import { quantile } from '../promql/quantile.ts';
import { unaccounted } from '../promql/unaccounted.ts';
import type { RecordingRule } from './rule.ts';

/** Names say which labels are left, of what, and how: `level:metric:operation`. */
export function createRecordingRules({ prefix }: MonitoredService): RecordingRule[] {
  const names = nameBandwidthMetrics(prefix);
  const recorded = (level: string, metric: string, operation: string) =>
    `${level}:${prefix}http_${metric}:${operation}`;
  return [
    {
      record: recorded('job_instance_direction', 'connection_bytes', 'rate5m'),
      expr: `sum by (job, instance, direction) (rate(${names.connectionBytes}[5m]))`,
    },
    {
      record: recorded('job_endpoint', 'request_bytes', 'rate5m'),
      expr: `sum by (job, endpoint) (rate(${names.requestBytes}[5m]))`,
    },
    {
      record: recorded('job_endpoint', 'response_bytes', 'rate5m'),
      expr: `sum by (job, endpoint) (rate(${names.responseBytes}[5m]))`,
    },
    {
      record: recorded('job', 'response_size_bytes', 'p95_rate5m'),
      expr: quantile(0.95, names.responseSize, '', '5m', ['job']),
    },
    {
      record: recorded('job', 'egress_bytes', 'increase24h'),
      expr: `sum by (job) (increase(${names.connectionBytes}{direction="out"}[24h]))`,
    },
    ...(['in', 'out'] as const).map((direction) => ({
      record: recorded('job_instance_direction', 'unaccounted_bytes', 'current'),
      expr: unaccounted(direction, names, ''),
      labels: { direction },
    })),
  ];
}
