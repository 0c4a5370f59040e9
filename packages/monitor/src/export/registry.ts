import { metricFamilies } from '../metric-names.ts';
import type { CollectedFamily } from './family.ts';
import { formatFamilies, type Style, type Written } from './registry-text.ts';
import { findServed, type ServedRegistry, watchServing } from './serving.ts';

/** What `prom-client`'s and `@prometheus-io/client`'s registries have in common; neither is imported. */
export interface RegistryLike {
  registerMetric(metric: never): void;
  getSingleMetric(name: string): unknown;
}

/** What they have beside, where it is needed. */
interface FullRegistry extends RegistryLike {
  removeSingleMetric?(name: string): void;
}

/** One family, as a registry takes it. */
interface MetricObject {
  readonly name: string;
}

/**
 * Every family as a metric object, the same ones for every registry: so registries that have them can be merged. A
 * registry calls all of them in one turn, so they share one collection.
 */
export class RegistryMetrics {
  readonly #objects: readonly MetricObject[];

  constructor(collect: () => CollectedFamily[], collectInTurns: () => Promise<CollectedFamily[]>) {
    const families = sharedForOneTurn(collect);
    const metas = collect().map(({ meta }) => meta);
    const scrapes = new Map<ServedRegistry, Scrape>();
    const scrape = () => findScrape(scrapes, findServed(), metas, collectInTurns);
    this.#objects = metas.map((meta) => metricObject(meta, families, scrape));
  }

  /** Puts them into a registry. Returns the names that were taken already, by another. */
  register(registry: RegistryLike): string[] {
    watchServing(registry);
    const taken: string[] = [];
    for (const metric of this.#objects) {
      const there = registry.getSingleMetric(metric.name);
      if (there === metric) continue;
      if (there) taken.push(metric.name);
      else registry.registerMetric(metric as never);
    }
    return taken;
  }

  /** Takes them out again. */
  unregister(registry: FullRegistry): void {
    for (const metric of this.#objects) {
      if (registry.getSingleMetric(metric.name) === metric) registry.removeSingleMetric?.(metric.name);
    }
  }
}

function metricObject(
  { name, type, help }: CollectedFamily['meta'],
  families: () => CollectedFamily[],
  scrape: () => Scrape | undefined,
): MetricObject {
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
      return (await scrape()?.get(name)) ?? metric.get();
    },
  };
  return metric;
}

/** Of each family its text as soon as it is written; nothing, when the registry has to format it. */
type Scrape = ReadonlyMap<string, Promise<Written | undefined>>;

/** One for each registry that is served in this turn. */
function findScrape(
  scrapes: Map<ServedRegistry, Scrape>,
  registry: ServedRegistry | undefined,
  metas: readonly CollectedFamily['meta'][],
  collectInTurns: () => Promise<CollectedFamily[]>,
): Scrape | undefined {
  const style = registry && styleOf(registry);
  if (!style) return undefined;
  const known = scrapes.get(registry);
  if (known) return known;
  if (scrapes.size === 0) queueMicrotask(() => scrapes.clear());
  const started = startScrape(metas, style, collectInTurns);
  scrapes.set(registry, started);
  return started;
}

function startScrape(
  metas: readonly CollectedFamily['meta'][],
  style: Style,
  collectInTurns: () => Promise<CollectedFamily[]>,
): Scrape {
  const waiting = new Map(metas.map(({ name }) => [name, Promise.withResolvers<Written | undefined>()]));
  const run = async () => {
    await formatFamilies(await collectInTurns(), style, (name, written) => waiting.get(name)?.resolve(written));
    for (const { resolve } of waiting.values()) resolve(undefined);
  };
  run().catch((error) => {
    for (const { reject } of waiting.values()) reject(error);
  });
  // Of a family whose name was taken nobody asks.
  for (const { promise } of waiting.values()) promise.catch(() => {});
  return new Map([...waiting].map(([name, { promise }]) => [name, promise]));
}

function styleOf({ _defaultLabels: defaultLabels, contentType }: ServedRegistry): Style | undefined {
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
