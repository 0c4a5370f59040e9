import { Gauge } from '@prometheus-io/client';
import { liveJobStates } from '@weighbridge/protocol';
import type { Store } from '../../store/store.ts';
import type { ClusterView } from '../cluster-view.ts';
import type { MasterMetrics } from './master-metrics.ts';

type Labels = Record<string, string>;
type Reading = [labels: Labels, value: number];

/** Gauges about the whole cluster. Each reads what was known a moment ago, never the store itself. */
export function registerClusterGauges(
  metrics: MasterMetrics,
  cluster: ClusterView,
  store: Pick<Store, 'durable'>,
): void {
  const gauge = (name: string, help: string, labelNames: string[], read: () => Iterable<Reading>) =>
    new Gauge({
      name: `scheduler_${name}`,
      help,
      labelNames,
      registers: [metrics.registry],
      // Set anew at each scrape, so that what is gone leaves no last value behind.
      collect(this: Gauge<string>) {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  const perNode = (value: (node: ClusterView['nodes'][number]) => number) => () =>
    cluster.nodes.map((node): Reading => [{ node: node.id }, value(node)]);

  gauge('jobs', 'Jobs that have not ended, by state.', ['queue', 'state'], () => jobReadings(metrics, cluster));
  gauge('queue_oldest_ready_age_seconds', 'How long the job at the head of the queue has been ready.', ['queue'], () =>
    ageReadings(metrics, cluster),
  );
  gauge('nodes', 'Nodes by state.', ['state'], () =>
    cluster.countNodes().map(({ state, count }) => [{ state }, count]),
  );
  gauge(
    'node_slots',
    'Slots that a node offers.',
    ['node'],
    perNode((node) => node.slots),
  );
  gauge(
    'node_slots_used',
    'Slots of a node that running attempts take.',
    ['node'],
    perNode((node) => node.slotsUsed),
  );
  gauge(
    'node_last_heartbeat_timestamp_seconds',
    "When the node's last heartbeat came, as Unix time.",
    ['node'],
    perNode((node) => Date.parse(node.lastHeartbeatAt) / 1000),
  );
  gauge('store_up', '1 while the store answers, 0 while it does not.', [], () => [[{}, Number(cluster.storeUp)]]);
  gauge('store_durable', '1 where what was acknowledged survives a power cut.', [], () => [
    [{}, Number(store.durable)],
  ]);
}

function* jobReadings(metrics: MasterMetrics, { queues }: ClusterView): Iterable<Reading> {
  for (const { queue } of queues.jobs) metrics.knowQueue(queue);
  for (const queue of metrics.queues) for (const state of liveJobStates) yield [{ queue, state }, 0];
  for (const { queue, state, count } of queues.jobs) yield [{ queue, state }, count];
}

function* ageReadings(metrics: MasterMetrics, { queues }: ClusterView): Iterable<Reading> {
  for (const queue of metrics.queues) yield [{ queue }, 0];
  for (const { queue, seconds } of queues.oldestReadyAgeSeconds) yield [{ queue }, seconds];
}
