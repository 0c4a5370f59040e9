import { metricFamilies } from '../metric-names.ts';
import type { CollectedFamily } from './family.ts';
import { formatFamilies, type Style, type Written } from './registry-text.ts';

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
  collectInTurns: () => Promise<CollectedFamily[]>,
): string[] {
  const taken: string[] = [];
  const families = sharedForOneTurn(collect);
  const metas = collect().map(({ meta }) => meta);
  const scrape = sharedForOneTurn(() => startScrape(metas, styleOf(registry), collectInTurns));
  for (const meta of metas) {
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
  scrape: () => Scrape,
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
      return (await scrape().get(name)) ?? metric.get();
    },
  };
  owners.set(metric, owner);
  return metric;
}

/** Of each family its text as soon as it is written; nothing, when the registry has to format it. */
type Scrape = ReadonlyMap<string, Promise<Written | undefined>>;

function startScrape(
  metas: readonly CollectedFamily['meta'][],
  style: Style | undefined,
  collectInTurns: () => Promise<CollectedFamily[]>,
): Scrape {
  const waiting = new Map(metas.map(({ name }) => [name, Promise.withResolvers<Written | undefined>()]));
  const run = async () => {
    if (style) {
      await formatFamilies(await collectInTurns(), style, (name, written) => waiting.get(name)?.resolve(written));
    }
    for (const { resolve } of waiting.values()) resolve(undefined);
  };
  run().catch((error) => {
    for (const { reject } of waiting.values()) reject(error);
  });
  // Of a family whose name was taken nobody asks.
  for (const { promise } of waiting.values()) promise.catch(() => {});
  return new Map([...waiting].map(([name, { promise }]) => [name, promise]));
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
