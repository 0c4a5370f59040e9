import type { RegistryLike } from '../export/registry.ts';
import { findMerged, type ServedRegistry, watchServing } from '../export/serving.ts';
import { watchModules } from '../routes/loaded-modules.ts';

/** Registries that are joined again when they were cleared: a tree of packages may hold a client more than once. */
const maxKept = 8;
const rejoinMs = 1000;
/** Registries that are served within this time of each other may well stand in one response. */
const oneResponseMs = 1000;

/** `prom-client`, its file, or its inner module. */
const clients = /(?:prom-client|@prometheus-io[\\/]client)(?:[\\/]index\.js)?$|[\\/]lib[\\/]registry(?:\.js)?$/;

type AnyRegistry = RegistryLike & ServedRegistry;
/** How the monitor gets into a registry, and what else is asked. */
export interface RegistryAccess {
  join(registry: RegistryLike): void;
  leave(registry: RegistryLike): void;
  warn(message: string): void;
  /** This process serves what others have counted: its own families would stand there at 0. */
  isAggregator(): boolean;
  /** The time in ms, of a clock that never goes back. */
  now(): number;
}

/**
 * Sees to it that the monitor's families are on the application's own `/metrics`, whichever registry it serves.
 *
 * The default registry of each `prom-client` and `@prometheus-io/client` is joined as soon as the application loads
 * it, by `require` or `import`: both are CommonJS, and Node tells of each such load. An application may serve another
 * registry instead. So the first one that is served without the families is joined too, when no registry that has
 * them was served before. A response may be put together from two registries, and no family may stand in it twice:
 * where the default registry is first served right after another was joined, it is left.
 */
export class RegistryJoiner {
  readonly #access: RegistryAccess;
  /** A metric of ours, by its name: what has it has all. */
  readonly #sign: string;
  /** Joined again when they were cleared. */
  readonly #kept = new Set<AnyRegistry>();
  /** Registries with the families that were served at least once. */
  readonly #served = new WeakSet<AnyRegistry>();
  readonly #stops: (() => void)[] = [];
  #isServed = false;
  #joinedAtMs = Number.NEGATIVE_INFINITY;
  #servedAtMs = Number.NEGATIVE_INFINITY;
  #hasWarned = false;

  constructor(access: RegistryAccess, sign: string) {
    this.#access = access;
    this.#sign = sign;
  }

  /** Meets the clients that are loaded already, or will be. */
  start(): void {
    const stopModules = watchModules(clients, (exports) => {
      const { register, globalRegistry } = (exports ?? {}) as Record<string, unknown>;
      const registry = [globalRegistry, register].find(isRegistry);
      if (registry) this.addDefault(registry);
    });
    const timer = setInterval(() => this.#rejoin(), rejoinMs).unref();
    this.#stops.push(stopModules, () => clearInterval(timer));
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** A client's default registry was met. */
  addDefault(registry: AnyRegistry): void {
    if (this.#kept.has(registry)) return;
    this.#keep(registry);
    this.#access.join(registry);
    this.#stops.push(watchServing(registry, (served) => this.#notice(served as AnyRegistry)));
  }

  /** A registry is about to be asked for its text. */
  #notice(registry: AnyRegistry): (() => void) | undefined {
    const now = this.#access.now();
    const isMember = this.#has(registry);
    if (isMember) this.#noticeMember(registry, now);
    else if (this.#access.isAggregator()) return undefined;
    else if (!this.#isServed) this.#joinServed(registry, now);
    // In one response with another it is as it should be.
    else if (now - this.#servedAtMs >= oneResponseMs) this.#warnOnce();
    const isJoined = !isMember && this.#has(registry);
    return isMember || isJoined ? () => this.#noticeEnd(isJoined) : undefined;
  }

  /** Its text is there: another one in the same response may be asked only now. */
  #noticeEnd(isJoined: boolean): void {
    this.#servedAtMs = this.#access.now();
    if (isJoined) this.#joinedAtMs = this.#servedAtMs;
  }

  #noticeMember(registry: AnyRegistry, now: number): void {
    const isFirst = !this.#served.has(registry);
    this.#served.add(registry);
    this.#servedAtMs = now;
    const isBesideAnother = now - this.#joinedAtMs < oneResponseMs;
    if (isFirst && isBesideAnother && this.#kept.has(registry)) this.#leave(registry);
    else this.#isServed = true;
  }

  #joinServed(registry: AnyRegistry, now: number): void {
    // A registry that is merged anew for each response would be without the families in the next.
    const [source] = findMerged(registry);
    if (source) this.#joinForGood(source as AnyRegistry);
    this.#joinForGood(registry);
    this.#isServed = true;
    this.#joinedAtMs = now;
    this.#servedAtMs = now;
  }

  #joinForGood(registry: AnyRegistry): void {
    this.#served.add(registry);
    this.#keep(registry);
    this.#access.join(registry);
  }

  #leave(registry: AnyRegistry): void {
    this.#kept.delete(registry);
    this.#access.leave(registry);
  }

  #keep(registry: AnyRegistry): void {
    if (this.#kept.size < maxKept) this.#kept.add(registry);
  }

  #has(registry: AnyRegistry): boolean {
    return Boolean(registry.getSingleMetric(this.#sign));
  }

  #rejoin(): void {
    for (const registry of this.#kept) if (!this.#has(registry)) this.#access.join(registry);
  }

  #warnOnce(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#access.warn(
      `weighbridge: a registry without ${this.#sign} is served: its families are in another one that is served too, ` +
        'and where both stand in one response no family may be there twice; to have them here as well, serve Registry.merge([…, register])',
    );
  }
}

function isRegistry(value: unknown): value is AnyRegistry {
  const { registerMetric, getSingleMetric, metrics } = (value ?? {}) as Record<string, unknown>;
  return [registerMetric, getSingleMetric, metrics].every((method) => typeof method === 'function');
}
