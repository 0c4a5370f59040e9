import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { nameBandwidthMetrics, schedulerPrefix } from '../bandwidth-names.ts';
import { bandwidthRow } from './bandwidth-row.ts';
import { connectionRow } from './connection-row.ts';
import { createDashboard } from './dashboard.ts';
import { healthRow } from './health-row.ts';
import { jobRow } from './job-row.ts';
import { nodeRow, transferRow } from './node-row.ts';
import { processRow } from './process-row.ts';
import { datasourceVariable, targetVariables } from './variables.ts';

/** The scheduler's own dashboard. */
export function createDistributedScheduler(): Dashboard {
  const names = nameBandwidthMetrics(schedulerPrefix);
  return createDashboard({
    uid: 'weighbridge-scheduler',
    title: 'Weighbridge / Distributed Scheduler',
    description: 'Bandwidth, jobs, nodes and masters of a Weighbridge scheduler.',
    variables: [datasourceVariable(), ...targetVariables(names.connectionBytes)],
    rows: [
      bandwidthRow(names, 'Scheduler', [0.5, 0.95]),
      healthRow(names),
      connectionRow(names),
      transferRow(),
      jobRow(),
      nodeRow(),
      processRow(),
    ],
  });
}
