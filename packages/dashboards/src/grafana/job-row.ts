import { schedulerMetrics } from '@weighbridge/protocol';
import { quantile } from '../promql/quantile.ts';
import { thresholds } from '../thresholds.ts';
import { jobStateColors, outcomeColors } from './colors.ts';
import type { Row } from './dashboard.ts';
import { graph, type Query } from './panel.ts';
import { rateBy, select } from './variables.ts';

/** Jobs on their way through the queues. Gauges of the cluster are the same on each master: `max`. */
export function jobRow(): Row {
  const { jobs, oldestReadyAge, jobWait, jobRun, claims, jobsFinished, jobAttempts, claimDuration } = schedulerMetrics;
  return {
    title: 'Jobs and Queues',
    panels: [
      graph({
        title: 'Jobs by State',
        description:
          'Jobs that have not ended: `queued` wait for a node, `scheduled` for their time, `blocked` for another job, `running` run, `cancelling` are cancelled and still end.',
        unit: 'short',
        queries: [{ expr: `sum by (state) (max by (queue, state) (${jobs.name}${select()}))`, legend: '{{state}}' }],
        stacked: true,
        colors: jobStateColors,
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 0, y: 0, w: 8, h: 8 },
      }),
      graph({
        title: 'Oldest Ready Job by Queue',
        description: `How long the head of each queue has been ready to run. A line that climbs steadily is a queue that nobody serves; QueueStuck fires at ${thresholds.queueStuckSeconds / 60} minutes when nothing of it runs.`,
        unit: 's',
        queries: [{ expr: `max by (queue) (${oldestReadyAge.name}${select()})`, legend: '{{queue}}' }],
        min: 0,
        steps: [{ color: 'green' }, { color: 'red', from: thresholds.queueStuckSeconds }],
        stepLines: true,
        noValue: 'No series: is the scrape up?',
        place: { x: 8, y: 0, w: 8, h: 8 },
      }),
      graph({
        title: 'Jobs Finished by Outcome',
        description: 'Jobs per second that ended, by the state they ended in. Retries are not in it: a job ends once.',
        unit: 'ops',
        queries: [
          {
            expr: rateBy('outcome', jobsFinished.name),
            legend: '{{outcome}}',
          },
        ],
        stacked: true,
        colors: jobStateColors,
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 16, y: 0, w: 8, h: 8 },
      }),
      graph({
        title: 'Wait for a Node',
        description: 'From when an attempt could start until a node claimed it, by quantile over all queues.',
        unit: 's',
        queries: byQuantile(jobWait.name),
        min: 0,
        noValue: 'Nothing was claimed in this window',
        place: { x: 0, y: 8, w: 8, h: 8 },
      }),
      graph({
        title: 'Run Time',
        description:
          'From when an attempt was claimed until its result came, by quantile over all queues and outcomes.',
        unit: 's',
        queries: byQuantile(jobRun.name),
        min: 0,
        noValue: 'No attempt ended in this window',
        place: { x: 8, y: 8, w: 8, h: 8 },
      }),
      graph({
        title: 'Attempts by Outcome',
        description:
          'Attempts per second that ended. `lost`: the node gave no sign of life. `refused`: the worker allows no such command. `released`: the worker stopped and gave the job back.',
        unit: 'ops',
        queries: [
          {
            expr: rateBy('outcome', jobAttempts.name),
            legend: '{{outcome}}',
          },
        ],
        stacked: true,
        colors: outcomeColors,
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 16, y: 8, w: 8, h: 8 },
      }),
      graph({
        title: 'Claims',
        description:
          'Claims per second that were answered: `claimed` with work, `empty` after the wait, `failed` because the store or the session was gone.',
        unit: 'ops',
        queries: [
          {
            expr: rateBy('outcome', claims.name),
            legend: '{{outcome}}',
          },
        ],
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 0, y: 16, w: 8, h: 7 },
      }),
      graph({
        title: 'Claim Duration',
        description:
          'How long the store took to answer one try to claim, without the wait for work. A rise shows a store under load before anything else does.',
        unit: 's',
        queries: byQuantile(claimDuration.name),
        min: 0,
        noValue: 'Nothing was claimed in this window',
        place: { x: 8, y: 16, w: 8, h: 7 },
      }),
      graph({
        title: 'Jobs Submitted by Queue',
        description: 'Jobs per second that callers submitted; a repeated idempotency key counts once.',
        unit: 'ops',
        queries: [
          {
            expr: rateBy('queue', schedulerMetrics.jobsSubmitted.name),
            legend: '{{queue}}',
          },
        ],
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 16, y: 16, w: 8, h: 7 },
      }),
    ],
  };
}

function byQuantile(histogram: string): Query[] {
  return [0.5, 0.95].map((q) => ({
    expr: quantile(q, histogram, select(), '$__rate_interval'),
    legend: `p${q * 100}`,
  }));
}
