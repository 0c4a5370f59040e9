import { schedulerMetrics } from '@weighbridge/protocol';
import { nameBandwidthMetrics } from '../bandwidth-names.ts';
import type { MonitoredService } from '../monitored-service.ts';
import { unaccountedByDirection } from '../promql/unaccounted.ts';
import { thresholds } from '../thresholds.ts';
import type { AlertingRule } from './rule.ts';

const { highBytesPerSecond, monthlyEgressBytes, nodeLostSeconds, queueStuckSeconds, storageReserves } = thresholds;

type Alert = Omit<AlertingRule, 'labels' | 'annotations'> & {
  readonly severity: AlertingRule['labels']['severity'];
  readonly summary: string;
  readonly description: string;
};

/** What is worth waking someone for; docs/BANDWIDTH_MONITORING.md says what to do for each. */
export function createAlertingRules(service: MonitoredService): AlertingRule[] {
  const alerts = [...bandwidthAlerts(service), ...(service.isScheduler ? schedulerAlerts() : [])];
  return alerts.map(({ severity, summary, description, ...rule }) => ({
    ...rule,
    labels: { severity },
    annotations: {
      summary,
      description,
      runbook_url: `${service.runbook}#${rule.alert.toLowerCase()}`,
    },
  }));
}

function bandwidthAlerts({ prefix, job }: MonitoredService): Alert[] {
  const names = nameBandwidthMetrics(prefix);
  const connection = names.connectionBytes;
  return [
    {
      alert: 'HighBandwidthUsage',
      expr: `sum by (job, direction) (rate(${connection}[5m])) > ${highBytesPerSecond}`,
      for: '10m',
      severity: 'warning',
      summary: `{{ $labels.job }} moves over ${highBytesPerSecond / 1e6} MB/s {{ $labels.direction }}.`,
      description: `{{ $labels.job }} has moved {{ $value | humanize }}B/s {{ $labels.direction }} for 10 minutes; the limit is ${highBytesPerSecond / 1e6} MB/s.`,
    },
    {
      alert: 'EgressBudget',
      expr: `sum by (job) (increase(${connection}{direction="out"}[24h])) * 30 > ${monthlyEgressBytes}`,
      for: '1h',
      severity: 'warning',
      summary: '{{ $labels.job }} sends more than its monthly budget.',
      description: `At the pace of the last 24 hours {{ $labels.job }} sends {{ $value | humanize }}B in 30 days; the budget is ${monthlyEgressBytes / 1e12} TB.`,
    },
    {
      alert: 'BandwidthMetricsAbsent',
      // Per target that is up, whether it has the metric; where there is neither, the metric is absent as a whole.
      expr: `(count by (job, instance) (${connection}) or 0 * max by (job, instance) (up{job="${job}"} == 1) or on () vector(0)) == 0`,
      for: '5m',
      severity: 'critical',
      summary: 'No bandwidth metrics arrive from {{ or $labels.instance "any target" }}.',
      description: `${connection} has been missing for 5 minutes: every panel of bandwidth is blind. The target is down, the scrape job is not '${job}', or the address or path is wrong.`,
    },
    {
      alert: 'BandwidthAccountingMismatch',
      expr: `(${unaccountedByDirection(names, '')}) != 0`,
      for: '5m',
      severity: 'warning',
      summary: 'The bandwidth counters of {{ $labels.instance }} do not add up ({{ $labels.direction }}).',
      description:
        'Connection bytes minus endpoints, unattributed and pending are {{ $value }} bytes instead of 0 on {{ $labels.instance }}, direction {{ $labels.direction }}.',
    },
  ];
}

function schedulerAlerts(): Alert[] {
  const { nodeLastHeartbeat, oldestReadyAge, jobs, storeUp, storageFree, storageReserve } = schedulerMetrics;
  return [
    {
      alert: 'NodeLost',
      // While the store is away no heartbeat can be recorded: then every node would seem lost.
      expr: `(time() - max by (job, node) (${nodeLastHeartbeat.name})) > ${nodeLostSeconds} and on (job) (max by (job) (${storeUp.name}) == 1)`,
      for: '1m',
      severity: 'warning',
      summary: 'The node {{ $labels.node }} is lost.',
      description:
        'The node {{ $labels.node }} sent its last heartbeat {{ $value | humanizeDuration }} ago and was not stopped in good order; its jobs run elsewhere once their leases have expired.',
    },
    {
      alert: 'QueueStuck',
      expr: `max by (job, queue) (${oldestReadyAge.name}) > ${queueStuckSeconds} and on (job, queue) (max by (job, queue) (${jobs.name}{state="running"}) == 0)`,
      for: '5m',
      severity: 'critical',
      summary: 'The queue {{ $labels.queue }} is stuck.',
      description:
        'The job at the head of the queue {{ $labels.queue }} has been ready for {{ $value | humanizeDuration }}, and nothing of the queue runs.',
    },
    {
      alert: 'StorageLow',
      expr: `${storageFree.name} < ${storageReserves} * ${storageReserve.name}`,
      for: '5m',
      severity: 'critical',
      summary: 'The disk of the master {{ $labels.instance }} is nearly full.',
      description:
        'The disk of the master {{ $labels.instance }} has {{ $value | humanize }}B free. Below its reserve submissions, logs and files are refused.',
    },
  ];
}
