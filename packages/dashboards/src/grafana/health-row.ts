import { schedulerMetrics } from '@weighbridge/protocol';
import type { BandwidthNames } from '../bandwidth-names.ts';
import { unaccountedByDirection } from '../promql/unaccounted.ts';
import { thresholds } from '../thresholds.ts';
import type { Row } from './dashboard.ts';
import { type PlacedPanel, type StatOptions, stat } from './panel.ts';
import { select, targetMatchers } from './variables.ts';

const tileWidth = 4;

/** One tile a question; green when all is well. */
export function healthRow(names: BandwidthNames): Row {
  const tiles: Omit<StatOptions, 'place'>[] = [
    {
      title: 'Store',
      description:
        'Whether every master reaches its store. While it is away nothing is submitted or claimed; what runs goes on for its lease.',
      unit: 'none',
      queries: [{ expr: `min(${schedulerMetrics.storeUp.name}${select()})`, legend: 'store' }],
      words: { 0: { text: 'Away', color: 'red' }, 1: { text: 'Up', color: 'green' } },
      steps: [{ color: 'red' }, { color: 'green', from: 1 }],
      noValue: 'No series',
    },
    {
      title: 'Lost Nodes',
      description:
        'Nodes whose leases expired without a heartbeat, or whose worker has died: their jobs run elsewhere. A worker that was stopped is not among them.',
      unit: 'none',
      queries: [{ expr: `max(${schedulerMetrics.nodes.name}${select('state="lost"')})`, legend: 'lost' }],
      steps: [{ color: 'green' }, { color: 'red', from: 1 }],
      noValue: 'No series',
    },
    {
      title: 'Oldest Ready Job',
      description: `How long the head of the slowest queue has been ready to run. Yellow from ${thresholds.queueLateSeconds / 60} minutes, red from ${thresholds.queueStuckSeconds / 60}: more slots are needed, or no node serves the queue.`,
      unit: 's',
      queries: [{ expr: `max(${schedulerMetrics.oldestReadyAge.name}${select()})`, legend: 'age' }],
      steps: [
        { color: 'green' },
        { color: 'yellow', from: thresholds.queueLateSeconds },
        { color: 'red', from: thresholds.queueStuckSeconds },
      ],
      noValue: 'No series',
    },
    {
      title: 'Failed Jobs',
      description:
        'Jobs that ended as failed or timed_out in the time range that is shown. `weighbridge jobs list --state failed` names them.',
      unit: 'none',
      decimals: 0,
      queries: [
        {
          expr: `sum(increase(${schedulerMetrics.jobsFinished.name}${select('outcome=~"failed|timed_out"')}[$__range]))`,
          legend: 'failed',
        },
      ],
      // An increase is extrapolated: half a job is one.
      steps: [{ color: 'green' }, { color: 'yellow', from: 0.5 }],
      noValue: 'No series',
    },
    {
      title: 'Unaccounted Bytes',
      description:
        'Connection bytes minus all that is attributed, largest of all masters and directions. 0 means that every figure here can be trusted.',
      unit: 'bytes',
      queries: [
        {
          expr: `max(abs(${unaccountedByDirection(names, targetMatchers)}))`,
          legend: 'unaccounted',
        },
      ],
      steps: [{ color: 'green' }, { color: 'red', from: 1 }],
      noValue: 'No series',
    },
    {
      title: 'Monitor',
      description:
        'Whether all probes of the Node runtime passed on every master, so that bytes are exact. The log names what is missing where they are not.',
      unit: 'none',
      queries: [{ expr: `min(${names.captureExact}${select()})`, legend: 'exact' }],
      words: { 0: { text: 'Not exact', color: 'yellow' }, 1: { text: 'Exact', color: 'green' } },
      steps: [{ color: 'yellow' }, { color: 'green', from: 1 }],
      noValue: 'No series',
    },
  ];
  return { title: 'Health', panels: tiles.map(placeTile) };
}

function placeTile(options: Omit<StatOptions, 'place'>, index: number): PlacedPanel {
  return stat({ ...options, place: { x: index * tileWidth, y: 0, w: tileWidth, h: 4 } });
}
