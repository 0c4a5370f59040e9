/** What a registry of `prom-client` or `@prometheus-io/client` has beside what {@link RegistryLike} says. */
export interface ServedRegistry {
  readonly contentType?: string;
  readonly _defaultLabels?: Record<string, unknown>;
}

/** Called before a registry collects; what it gives is called when the text is there, or the registry has failed. */
export type ServingListener = (registry: ServedRegistry) => (() => void) | undefined;

/** Kept on the prototype of a client's registries, shared among all copies of this package in a process. */
interface Serving {
  /** The registry whose `metrics()` is being called: all metrics are asked within the call. */
  registry: ServedRegistry | undefined;
  readonly listeners: Set<ServingListener>;
  /** What merged registries were made of. */
  readonly sources: WeakMap<ServedRegistry, readonly ServedRegistry[]>;
}
interface RegistryClass {
  merge?: (this: unknown, registries: readonly ServedRegistry[]) => ServedRegistry;
}
interface RegistryPrototype {
  metrics?: (this: ServedRegistry, ...args: unknown[]) => unknown;
  readonly constructor: RegistryClass;
  [servingKey]?: Serving;
}

const servingKey: unique symbol = Symbol.for('weighbridge.serving');
const all = new Set<Serving>();
const ignore = () => undefined;

/**
 * Watches all registries of a client, by any one of them or by its class' prototype: afterwards {@link findServed}
 * knows which one is asked for its text. A registry doesn't tell its metrics, and each writes in a style of its own.
 *
 * @returns how to stop calling the listener.
 */
export function watchServing(registry: object, listener: ServingListener = ignore): () => void {
  const prototype = findPrototype(registry);
  if (!prototype) return () => {};
  prototype[servingKey] ??= hook(prototype);
  const { listeners } = prototype[servingKey];
  all.add(prototype[servingKey]);
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The registries that this one was merged from; none for any other. */
export function findMerged(registry: ServedRegistry): readonly ServedRegistry[] {
  for (const { sources } of all) {
    const merged = sources.get(registry);
    if (merged) return merged;
  }
  return [];
}

/** The registry that is asked for its text at this moment. */
export function findServed(): ServedRegistry | undefined {
  for (const { registry } of all) if (registry) return registry;
  return undefined;
}

/** The object that has `metrics` of its own: a registry's class may be derived. */
function findPrototype(registry: object): RegistryPrototype | undefined {
  for (let each: object | null = registry; each; each = Object.getPrototypeOf(each)) {
    if (Object.hasOwn(each, 'metrics')) return each as RegistryPrototype;
  }
  return undefined;
}

function hook(prototype: RegistryPrototype): Serving {
  const serving: Serving = { registry: undefined, listeners: new Set(), sources: new WeakMap() };
  const { metrics } = prototype;
  prototype.metrics = function hooked(...args) {
    const ends = [...serving.listeners].flatMap((listener) => listener(this) ?? []);
    serving.registry = this;
    try {
      const text = metrics?.apply(this, args);
      if (ends.length > 0) callWhenSettled(text, ends);
      return text;
    } finally {
      serving.registry = undefined;
    }
  };
  hookMerge(prototype.constructor, serving.sources);
  return serving;
}

function callWhenSettled(text: unknown, ends: readonly (() => void)[]): void {
  const end = () => {
    for (const each of ends) each();
  };
  Promise.resolve(text).then(end, end);
}

function hookMerge(registryClass: RegistryClass, sources: Serving['sources']): void {
  const { merge } = registryClass;
  if (typeof merge !== 'function') return;
  registryClass.merge = function hooked(registries) {
    const merged = merge.call(this, registries);
    sources.set(merged, registries);
    return merged;
  };
}
