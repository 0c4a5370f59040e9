import { processMetrics } from '@weighbridge/protocol';
import { thresholds } from '../thresholds.ts';
import type { Row } from './dashboard.ts';
import { graph } from './panel.ts';
import { select } from './variables.ts';

/** The master's own process, from the metrics client's default metrics. */
export function processRow(): Row {
  const metrics = processMetrics;
  return {
    title: "The Master's Process",
    panels: [
      graph({
        title: 'CPU',
        description: 'CPU seconds per second that each master uses; 1 is one core. Its JavaScript runs on one core.',
        unit: 'short',
        queries: [{ expr: `rate(${metrics.cpuSeconds}${select()}[$__rate_interval])`, legend: '{{instance}}' }],
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 0, y: 0, w: 6, h: 7 },
      }),
      graph({
        title: 'Memory',
        description: 'Resident memory of each master, and the part of it that JavaScript objects use.',
        unit: 'bytes',
        queries: [
          { expr: `${metrics.residentMemoryBytes}${select()}`, legend: 'resident {{instance}}' },
          { expr: `${metrics.heapUsedBytes}${select()}`, legend: 'heap used {{instance}}' },
          { expr: `${metrics.heapTotalBytes}${select()}`, legend: 'heap total {{instance}}' },
        ],
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 6, y: 0, w: 6, h: 7 },
      }),
      graph({
        title: 'Event Loop Lag',
        description: `How late timers fire. Above ${thresholds.eventLoopLagSeconds} s heartbeats and claims wait; above ${thresholds.eventLoopLagHighSeconds} s something holds the process up.`,
        unit: 's',
        queries: [
          { expr: `${metrics.eventLoopLagP50Seconds}${select()}`, legend: 'p50 {{instance}}' },
          { expr: `${metrics.eventLoopLagP99Seconds}${select()}`, legend: 'p99 {{instance}}' },
        ],
        min: 0,
        steps: [
          { color: 'green' },
          { color: 'yellow', from: thresholds.eventLoopLagSeconds },
          { color: 'red', from: thresholds.eventLoopLagHighSeconds },
        ],
        stepLines: true,
        noValue: 'No series: is the scrape up?',
        place: { x: 12, y: 0, w: 6, h: 7 },
      }),
      graph({
        title: 'Open Files and Uptime',
        description:
          'Share of the allowed file descriptors that are open, and hours since the start; a drop of the latter is a restart.',
        unit: 'short',
        queries: [
          {
            expr: `100 * ${metrics.openFiles}${select()} / ${metrics.maxFiles}${select()}`,
            legend: 'open files, % {{instance}}',
          },
          { expr: `(time() - ${metrics.startTimeSeconds}${select()}) / 3600`, legend: 'uptime, h {{instance}}' },
        ],
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 18, y: 0, w: 6, h: 7 },
      }),
    ],
  };
}
