import { schedulerMetrics } from '@weighbridge/protocol';
import { stringify } from 'yaml';
import { nameBandwidthMetrics } from '../bandwidth-names.ts';
import type { MonitoredService } from '../monitored-service.ts';
import { thresholds } from '../thresholds.ts';

/** An alert that fires in a case, with its texts as people read them. */
interface Expected {
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

interface Case {
  readonly name: string;
  readonly alert: string;
  readonly severity: 'warning' | 'critical';
  /** Series and their values, a value a minute (`0+60x10`: from 0, ten times 60 more). */
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
  readonly fires?: Expected;
}

/** Cases for `promtool test rules`: for each alert one in which it fires and at least one in which it must not. */
export function formatRuleTests(service: MonitoredService, ruleFile: string): string {
  const cases = [...bandwidthCases(service), ...(service.isScheduler ? schedulerCases(service) : [])];
  return stringify(
    {
      rule_files: [ruleFile],
      evaluation_interval: '1m',
      tests: cases.map((one) => formatCase(one, service)),
    },
    { lineWidth: 0 },
  );
}

function formatCase({ name, alert, severity, series, at, fires }: Case, { runbook }: MonitoredService) {
  const expected = fires && {
    exp_labels: { severity, ...fires.labels },
    exp_annotations: {
      summary: fires.summary,
      description: fires.description,
      runbook_url: `${runbook}#${alert.toLowerCase()}`,
    },
  };
  return {
    name,
    interval: '1m',
    input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: expected ? [expected] : [] }],
  };
}

function bandwidthCases({ prefix, job }: MonitoredService): Case[] {
  const names = nameBandwidthMetrics(prefix);
  const instance = 'a:1';
  const target = `job="${job}",instance="${instance}"`;
  const connection = (direction: string) => `${names.connectionBytes}{${target},direction="${direction}"}`;
  const { highBytesPerSecond, monthlyEgressBytes } = thresholds;
  const steadyPerMinute = highBytesPerSecond * 60;
  // A day's budget in three hours: a day of evaluations takes promtool seconds.
  const budgetPerMinute = monthlyEgressBytes / 30 / (3 * 60);
  const balanced = {
    [connection('in')]: '1000+0x20',
    [connection('out')]: '2000+0x20',
    [`${names.requestBytes}{${target},method="GET",endpoint="/"}`]: '900+0x20',
    [`${names.unattributed}{${target},direction="in",reason="idle"}`]: '60+0x20',
    [`${names.unattributed}{${target},direction="out",reason="idle"}`]: '0+0x20',
    [`${names.pending}{${target},direction="in"}`]: '40+0x20',
    [`${names.pending}{${target},direction="out"}`]: '0+0x20',
  };
  const responses = `${names.responseBytes}{${target},method="GET",endpoint="/",status="200"}`;
  return [
    {
      name: 'twice the limit for 20 minutes is high',
      alert: 'HighBandwidthUsage',
      severity: 'warning',
      series: { [connection('out')]: `0+${2 * steadyPerMinute}x20`, [connection('in')]: '0+60x20' },
      at: '18m',
      fires: {
        labels: { job, direction: 'out' },
        summary: `${job} moves over ${highBytesPerSecond / 1e6} MB/s out.`,
        description: `${job} has moved 20MB/s out for 10 minutes; the limit is ${highBytesPerSecond / 1e6} MB/s.`,
      },
    },
    {
      name: 'half the limit is not high',
      alert: 'HighBandwidthUsage',
      severity: 'warning',
      series: { [connection('out')]: `0+${steadyPerMinute / 2}x20` },
      at: '18m',
    },
    {
      name: 'twice the limit for five minutes is not high yet',
      alert: 'HighBandwidthUsage',
      severity: 'warning',
      series: { [connection('out')]: `0x10 0+${2 * steadyPerMinute}x5 ${10 * steadyPerMinute}x10` },
      at: '16m',
    },
    {
      name: 'twice the budget of a day within three hours is over it',
      alert: 'EgressBudget',
      severity: 'warning',
      series: { [connection('out')]: `0+${Math.round(2 * budgetPerMinute)}x200` },
      at: '3h',
      fires: {
        labels: { job },
        summary: `${job} sends more than its monthly budget.`,
        description: `At the pace of the last 24 hours ${job} sends 20TB in 30 days; the budget is ${monthlyEgressBytes / 1e12} TB.`,
      },
    },
    {
      name: 'half of it is within the budget, and what came in does not count',
      alert: 'EgressBudget',
      severity: 'warning',
      series: {
        [connection('out')]: `0+${Math.round(budgetPerMinute / 2)}x200`,
        [connection('in')]: `0+${Math.round(4 * budgetPerMinute)}x200`,
      },
      at: '3h',
    },
    {
      name: 'a target that is up without the metrics is told',
      alert: 'BandwidthMetricsAbsent',
      severity: 'critical',
      series: {
        [`up{${target}}`]: '1x20',
        [`up{job="${job}",instance="b:1"}`]: '1x20',
        [`${names.connectionBytes}{job="${job}",instance="b:1",direction="in"}`]: '1x20',
      },
      at: '10m',
      fires: {
        labels: { job, instance },
        summary: `No bandwidth metrics arrive from ${instance}.`,
        description: describeAbsence(names.connectionBytes, job),
      },
    },
    {
      name: 'no target at all is told',
      alert: 'BandwidthMetricsAbsent',
      severity: 'critical',
      series: { [`up{${target}}`]: '0x20' },
      at: '10m',
      fires: {
        labels: {},
        summary: 'No bandwidth metrics arrive from any target.',
        description: describeAbsence(names.connectionBytes, job),
      },
    },
    {
      name: 'metrics at 0 are not absent',
      alert: 'BandwidthMetricsAbsent',
      severity: 'critical',
      series: { [`up{${target}}`]: '1x20', [connection('in')]: '0x20' },
      at: '10m',
    },
    {
      name: 'one byte too few is told with its direction',
      alert: 'BandwidthAccountingMismatch',
      severity: 'warning',
      series: { ...balanced, [responses]: '1999+0x20' },
      at: '10m',
      fires: {
        labels: { job, instance, direction: 'out' },
        summary: `The bandwidth counters of ${instance} do not add up (out).`,
        description: `Connection bytes minus endpoints, unattributed and pending are 1 bytes instead of 0 on ${instance}, direction out.`,
      },
    },
    {
      name: 'counters that add up are silent, pending bytes included',
      alert: 'BandwidthAccountingMismatch',
      severity: 'warning',
      series: { ...balanced, [responses]: '2000+0x20' },
      at: '10m',
    },
    {
      name: 'a service that no request has reached adds up too',
      alert: 'BandwidthAccountingMismatch',
      severity: 'warning',
      series: Object.fromEntries(
        Object.keys(balanced)
          .filter((series) => !series.startsWith(names.requestBytes))
          .map((series) => [series, '0x20']),
      ),
      at: '10m',
    },
  ];
}

function describeAbsence(metric: string, job: string): string {
  return `${metric} has been missing for 5 minutes: every panel of bandwidth is blind. The target is down, the scrape job is not '${job}', or the address or path is wrong.`;
}

function schedulerCases({ job }: MonitoredService): Case[] {
  const target = `job="${job}",instance="a:1"`;
  const { nodeLastHeartbeat, oldestReadyAge, jobs, storeUp, storageFree, storageReserve } = schedulerMetrics;
  const free = `${storageFree.name}{${target}}`;
  const reserve = `${storageReserve.name}{${target}}`;
  const heartbeat = `${nodeLastHeartbeat.name}{${target},node="mill"}`;
  const store = `${storeUp.name}{${target}}`;
  const age = `${oldestReadyAge.name}{${target},queue="gpu"}`;
  const running = `${jobs.name}{${target},queue="gpu",state="running"}`;
  return [
    {
      name: 'a node that is silent for long is lost',
      alert: 'NodeLost',
      severity: 'warning',
      series: { [heartbeat]: '0x20', [store]: '1x20' },
      at: '10m',
      fires: {
        labels: { job, node: 'mill' },
        summary: 'The node mill is lost.',
        description:
          'The node mill sent its last heartbeat 10m 0s ago and was not stopped in good order; its jobs run elsewhere once their leases have expired.',
      },
    },
    {
      name: 'a node that beats is not lost',
      alert: 'NodeLost',
      severity: 'warning',
      series: { [heartbeat]: '0+60x20', [store]: '1x20' },
      at: '10m',
    },
    {
      name: 'a node that was stopped in good order has no sample and is not lost',
      alert: 'NodeLost',
      severity: 'warning',
      series: { [heartbeat]: '0 60 120 stale', [store]: '1x20' },
      at: '15m',
    },
    {
      name: 'while the store is away nobody can know whether a node is lost',
      alert: 'NodeLost',
      severity: 'warning',
      series: { [heartbeat]: '0x20', [store]: '0x20' },
      at: '10m',
    },
    {
      name: 'an old head and nothing that runs is a stuck queue',
      alert: 'QueueStuck',
      severity: 'critical',
      series: { [age]: '0+60x40', [running]: '0x40' },
      at: '30m',
      fires: {
        labels: { job, queue: 'gpu' },
        summary: 'The queue gpu is stuck.',
        description: 'The job at the head of the queue gpu has been ready for 30m 0s, and nothing of the queue runs.',
      },
    },
    {
      name: 'an old head behind jobs that run is a busy queue',
      alert: 'QueueStuck',
      severity: 'critical',
      series: { [age]: '0+60x40', [running]: '2x40' },
      at: '30m',
    },
    {
      name: 'a young head is no stuck queue',
      alert: 'QueueStuck',
      severity: 'critical',
      series: { [age]: '60x40', [running]: '0x40' },
      at: '30m',
    },
    {
      name: 'a disk with less than two reserves free is nearly full',
      alert: 'StorageLow',
      severity: 'critical',
      series: { [free]: '400000000x20', [reserve]: '256000000x20' },
      at: '10m',
      fires: {
        labels: { job, instance: 'a:1' },
        summary: 'The disk of the master a:1 is nearly full.',
        description:
          'The disk of the master a:1 has 400MB free. Below its reserve submissions, logs and files are refused.',
      },
    },
    {
      name: 'a disk with room is none',
      alert: 'StorageLow',
      severity: 'critical',
      series: { [free]: '600000000x20', [reserve]: '256000000x20' },
      at: '10m',
    },
  ];
}
