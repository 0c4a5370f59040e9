import { Gauge } from '@prometheus-io/client';
import { liveJobStates, type SchedulerMetric, schedulerMetrics } from '@weighbridge/protocol';
import type { Store } from '../../store/store.ts';
import type { ClusterView } from './cluster-view.ts';
import { configurationOf, type MasterMetrics } from './master-metrics.ts';

type Labels = Record<string, string>;
type Reading = [labels: Labels, value: number];

/** A gauge that is set anew at each scrape, so that what is gone leaves no last value behind. */
export function registerGauge(metrics: MasterMetrics, metric: SchedulerMetric, read: () => Iterable<Reading>): void {
  new Gauge({
    ...configurationOf(metric),
    registers: [metrics.registry],
    collect(this: Gauge<string>) {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}

/** Gauges about the whole cluster. Each reads what was known a moment ago, never the store itself. */
export function registerClusterGauges(
  metrics: MasterMetrics,
  cluster: ClusterView,
  store: Pick<Store, 'durable'>,
): void {
  const gauge = (metric: SchedulerMetric, read: () => Iterable<Reading>) => registerGauge(metrics, metric, read);
  // A stopped node owes no heartbeat and offers no slots: with samples it would look ever more ill.
  const perNode = (value: (node: ClusterView['nodes'][number]) => number) => () =>
    cluster.nodes.filter(({ state }) => state !== 'stopped').map((node): Reading => [{ node: node.id }, value(node)]);

  gauge(schedulerMetrics.jobs, () => jobReadings(metrics, cluster));
  gauge(schedulerMetrics.oldestReadyAge, () => ageReadings(metrics, cluster));
  gauge(schedulerMetrics.nodes, () => cluster.countNodes().map(({ state, count }) => [{ state }, count]));
  gauge(
    schedulerMetrics.nodeSlots,
    perNode((node) => node.slots),
  );
  gauge(
    schedulerMetrics.nodeSlotsUsed,
    perNode((node) => node.slotsUsed),
  );
  gauge(
    schedulerMetrics.nodeLastHeartbeat,
    perNode((node) => Date.parse(node.lastHeartbeatAt) / 1000),
  );
  gauge(schedulerMetrics.storeUp, () => [[{}, Number(cluster.storeUp)]]);
  gauge(schedulerMetrics.storeDurable, () => [[{}, Number(store.durable)]]);
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
