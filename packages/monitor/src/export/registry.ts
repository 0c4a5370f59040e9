import { metricFamilies } from '../metric-names.ts';
import type { CollectedFamily } from './family.ts';
import { formatFamilies, type Style } from './registry-text.ts';

/** What `prom-client`'s and `@prometheus-io/client`'s registries have in common; neither is imported. */
export interface RegistryLike {
  registerMetric(metric: never): void;
  getSingleMetric(name: string): unknown;
}

/** What they have beside, where we look. */
interface KnownRegistry extends RegistryLike {
  readonly contentType?: string;
  readonly _defaultLabels?: Record<string, unknown>;
}

/** Metrics of ours by what collects them: a second registration of the same is no clash. */
const owners = new WeakMap<object, () => CollectedFamily[]>();

/**
 * Puts every family into a registry as a metric object of its own. A registry calls all of them in one turn, so
 * they share one collection. Returns the names that were taken already, by another.
 */
export function registerFamilies(
  registry: RegistryLike,
  collect: () => CollectedFamily[],
  sampled: () => Promise<void>,
): string[] {
  const taken: string[] = [];
  const scrape = sharedForOneTurn(async () => {
    await sampled();
    return formatFamilies(collect(), styleOf(registry));
  });
  const families = sharedForOneTurn(collect);
  for (const { meta } of collect()) {
    const there = registry.getSingleMetric(meta.name) as object | undefined;
    if (there && owners.get(there) === collect) continue;
    if (there) taken.push(meta.name);
    else registry.registerMetric(metricObject(meta, families, scrape, collect) as never);
  }
  return taken;
}

function metricObject(
  { name, type, help }: CollectedFamily['meta'],
  families: () => CollectedFamily[],
  scrape: () => ReturnType<typeof formatFamilies>,
  owner: () => CollectedFamily[],
): object {
  const aggregator = name.endsWith(metricFamilies.captureExact.name) ? 'min' : 'sum';
  const metric = {
    // A registry that was asked for OpenMetrics once writes a counter's name without `_total` here, for good.
    get name() {
      return name;
    },
    set name(_stripped: string) {},
    help,
    type,
    aggregator,
    // The registry may clear itself; our counters never go down.
    reset() {},
    /** As objects: for `getMetricsAsJSON`, and so for the aggregators. */
    async get() {
      const family = families().find(({ meta }) => meta.name === name);
      const values = (family?.samples() ?? []).map(({ suffix, labels, value }) => ({
        labels,
        value,
        ...(suffix === '' ? {} : { metricName: name + suffix }),
      }));
      return { name, help, type, aggregator, values };
    },
    /** As text, for `metrics`: see `registry-text.ts`. */
    async getForPromString() {
      const values = (await scrape()).get(name);
      return values ?? metric.get();
    },
  };
  owners.set(metric, owner);
  return metric;
}

function styleOf(registry: KnownRegistry): Style | undefined {
  const { _defaultLabels: defaultLabels, contentType } = registry;
  if (typeof defaultLabels !== 'object' || defaultLabels === null) return undefined;
  return { defaultLabels, openMetrics: contentType?.startsWith('application/openmetrics-text') ?? false };
}

function sharedForOneTurn<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    if (!made) {
      made = { value: make() };
      queueMicrotask(() => (made = undefined));
    }
    return made.value;
  };
}
