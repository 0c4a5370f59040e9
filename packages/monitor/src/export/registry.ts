import type { CollectedFamily } from './prometheus.ts';

/** What `prom-client`'s and `@prometheus-io/client`'s registries have in common; neither is imported. */
export interface RegistryLike {
  registerMetric(metric: never): void;
  getSingleMetric(name: string): unknown;
}

/**
 * Puts every family into a registry as a metric object with its own `get`. The registry calls all of them in
 * one turn, so they share one collection. A name that is taken is left alone and told.
 */
export function registerFamilies(
  registry: RegistryLike,
  collect: () => CollectedFamily[],
  clash: (name: string) => void,
): void {
  const shared = sharedForOneTurn(collect);
  for (const { name, type, help } of collect()) {
    if (registry.getSingleMetric(name)) {
      clash(name);
      continue;
    }
    registry.registerMetric(metricObject(name, type, help, shared) as never);
  }
}

function metricObject(name: string, type: string, help: string, collect: () => CollectedFamily[]): object {
  return {
    name,
    help,
    type,
    aggregator: 'sum',
    // The registry may clear itself; our counters never go down.
    reset() {},
    async get() {
      const family = collect().find((candidate) => candidate.name === name);
      const values = (family?.samples ?? []).map(({ suffix, labels, value }) => ({
        labels,
        value,
        ...(suffix === '' ? {} : { metricName: name + suffix }),
      }));
      return { name, help, type, aggregator: 'sum', values };
    },
  };
}

function sharedForOneTurn(collect: () => CollectedFamily[]): () => CollectedFamily[] {
  let taken: CollectedFamily[] | undefined;
  return () => {
    if (!taken) {
      taken = collect();
      queueMicrotask(() => (taken = undefined));
    }
    return taken;
  };
}
