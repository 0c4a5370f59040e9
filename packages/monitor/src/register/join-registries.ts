import type { RegistryLike } from '../export/registry.ts';
import { watchModules } from '../routes/loaded-modules.ts';

/** Default registries to join: a tree of packages may hold a client more than once. */
const mostRegistries = 8;
const rejoinMs = 1000;

/** `prom-client`, its file, or its inner module. */
const clients = /(?:prom-client|@prometheus-io[\\/]client)(?:[\\/]index\.js)?$|[\\/]lib[\\/]registry(?:\.js)?$/;

type Join = (registry: RegistryLike) => void;

/**
 * Calls `join` with the default registry of each `prom-client` and `@prometheus-io/client` that the application
 * has loaded or will load, by `require` or `import`: both are CommonJS, and Node tells of each such load. Called
 * again when the application has cleared a registry, which then has no metric `sign`.
 */
export function joinRegistries(join: Join, sign: string): void {
  const joined = new Set<RegistryLike>();
  const found = (exports: unknown) => {
    const registry = registryOf(exports);
    if (!registry || joined.has(registry) || joined.size >= mostRegistries) return;
    if (joined.size === 0) setInterval(() => rejoin(joined, join, sign), rejoinMs).unref();
    joined.add(registry);
    join(registry);
  };
  watchModules(clients, found);
}

function registryOf(exports: unknown): RegistryLike | undefined {
  const { register, globalRegistry } = (exports ?? {}) as { register?: unknown; globalRegistry?: unknown };
  return [globalRegistry, register].find(isRegistry);
}

function isRegistry(value: unknown): value is RegistryLike {
  const { registerMetric, getSingleMetric, metrics } = (value ?? {}) as Record<string, unknown>;
  return [registerMetric, getSingleMetric, metrics].every((method) => typeof method === 'function');
}

function rejoin(registries: Iterable<RegistryLike>, join: Join, sign: string): void {
  for (const registry of registries) if (!registry.getSingleMetric(sign)) join(registry);
}
