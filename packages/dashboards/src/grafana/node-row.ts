import { schedulerMetrics } from '@weighbridge/protocol';
import { thresholds } from '../thresholds.ts';
import { nodeStateColors } from './colors.ts';
import type { Row } from './dashboard.ts';
import { graph } from './panel.ts';
import { rateBy, select } from './variables.ts';

/** What moved between the masters and each node. */
export function transferRow(): Row {
  const transfer = (direction: 'in' | 'out') =>
    rateBy('node', schedulerMetrics.nodeTransferBytes.name, `direction="${direction}"`);
  return {
    title: 'Transfer by Node',
    panels: [
      graph({
        title: 'Transfer by Node',
        description:
          'Message bytes per second between the masters and each node, stacked: received from the node below the axis (results, logs, heartbeats), sent to it above (inputs, work).',
        unit: 'Bps',
        queries: [
          { expr: transfer('in'), legend: 'in {{node}}' },
          { expr: transfer('out'), legend: 'out {{node}}' },
        ],
        stacked: true,
        below: 'in ',
        manyLines: true,
        noValue: 'No node has registered yet',
        place: { x: 0, y: 0, w: 24, h: 8 },
      }),
    ],
  };
}

/** The machines that run jobs. */
export function nodeRow(): Row {
  const { nodes, nodeSlots, nodeSlotsUsed, nodeLastHeartbeat, leasesExpired } = schedulerMetrics;
  return {
    title: 'Nodes',
    panels: [
      graph({
        title: 'Nodes by State',
        description:
          '`ready` and `draining` are alive; `silent` has missed three heartbeats and keeps what it runs; `lost` gave none within its leases, or its worker has died; `stopped` ended in good order.',
        unit: 'short',
        queries: [{ expr: `max by (state) (${nodes.name}${select()})`, legend: '{{state}}' }],
        stacked: true,
        colors: nodeStateColors,
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 0, y: 0, w: 6, h: 8 },
      }),
      graph({
        title: 'Slots Used',
        description:
          "Share of each node's slots that running attempts take. All at 100 % while jobs wait: add machines.",
        unit: 'percentunit',
        queries: [
          {
            expr: `max by (node) (${nodeSlotsUsed.name}${select()}) / max by (node) (${nodeSlots.name}${select()})`,
            legend: '{{node}}',
          },
        ],
        min: 0,
        max: 1,
        noValue: 'No node has registered yet',
        place: { x: 6, y: 0, w: 6, h: 8 },
      }),
      graph({
        title: 'Heartbeat Age',
        description: `Time since each node's last heartbeat, as of the scrape. NodeLost fires above ${thresholds.nodeLostSeconds} s. Stopped nodes are left out.`,
        unit: 's',
        queries: [{ expr: `time() - max by (node) (${nodeLastHeartbeat.name}${select()})`, legend: '{{node}}' }],
        min: 0,
        steps: [{ color: 'green' }, { color: 'red', from: thresholds.nodeLostSeconds }],
        stepLines: true,
        noValue: 'No node has registered yet',
        place: { x: 12, y: 0, w: 6, h: 8 },
      }),
      graph({
        title: 'Leases Expired',
        description: 'Attempts per second that were taken back because their node sent no heartbeat within the lease.',
        unit: 'ops',
        queries: [{ expr: rateBy('queue', leasesExpired.name), legend: '{{queue}}' }],
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 18, y: 0, w: 6, h: 8 },
      }),
    ],
  };
}
