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
        place: { x: 0, y: 0, w: 5, h: 7 },
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
        place: { x: 5, y: 0, w: 6, h: 7 },
      }),
      graph({
        title: 'Event Loop Lag',
        description: `How late timers fire; some 10 ms are the resolution of the measurement. Above ${thresholds.eventLoopLagSeconds} s heartbeats and claims wait; above ${thresholds.eventLoopLagHighSeconds} s something holds the process up.`,
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
        place: { x: 11, y: 0, w: 5, h: 7 },
      }),
      graph({
        title: 'Open Files',
        description:
          'Share of the allowed file descriptors that are open. Each connection is one; at 100 % no connection is taken any more.',
        unit: 'percentunit',
        queries: [{ expr: `${metrics.openFiles}${select()} / ${metrics.maxFiles}${select()}`, legend: '{{instance}}' }],
        min: 0,
        max: 1,
        noValue: 'No series: is the scrape up?',
        place: { x: 16, y: 0, w: 4, h: 7 },
      }),
      graph({
        title: 'Uptime',
        description: 'Time since the start of each master. A drop is a restart.',
        unit: 's',
        queries: [{ expr: `time() - ${metrics.startTimeSeconds}${select()}`, legend: '{{instance}}' }],
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 20, y: 0, w: 4, h: 7 },
      }),
    ],
  };
}
