import type { BandwidthSnapshot, EndpointDetails, OpenExchanges } from '../snapshot.ts';
import { collect } from './collect.ts';
import { findEndpointDetails } from './endpoint-details.ts';
import type { CollectedFamily } from './family.ts';
import { formatText } from './prometheus.ts';
import { type RegistryLike, RegistryMetrics } from './registry.ts';
import { SeriesTable } from './series.ts';
import type { Source } from './source.ts';
import { takeSnapshot } from './take-snapshot.ts';

/** All ways out of one source: text, registries, a snapshot. */
export class Exporter {
  readonly #source: Source;
  readonly #table: SeriesTable;
  readonly #warn: (message: string) => void;
  #metrics: RegistryMetrics | undefined;

  constructor(source: Source, warn: (message: string) => void) {
    this.#source = source;
    this.#table = new SeriesTable(source.ledger);
    this.#warn = warn;
  }

  register(registry: RegistryLike): void {
    this.#metrics ??= new RegistryMetrics(
      () => this.#collect(),
      () => this.#collectInTurns(),
    );
    const taken = this.#metrics.register(registry);
    if (taken.length === 0) return;
    const names = taken.map((name) => `'${name}'`).join(', ');
    this.#warn(
      `weighbridge: the registry has ${taken.length === 1 ? 'a metric' : 'metrics'} ${names} already, ours of that name ${taken.length === 1 ? 'is' : 'are'} not registered; choose another option prefix than '${this.#source.prefix}'`,
    );
  }

  /** Takes every family out of a registry again. */
  unregister(registry: RegistryLike): void {
    this.#metrics?.unregister(registry);
  }

  async text(): Promise<string> {
    return formatText(await this.#collectInTurns());
  }

  snapshot(): BandwidthSnapshot {
    return takeSnapshot(this.#source);
  }

  endpoint(method: string, endpoint: string): EndpointDetails | undefined {
    return findEndpointDetails(this.#source, method, endpoint);
  }

  openExchanges(limit: number): OpenExchanges {
    this.#source.sample();
    return this.#source.open(limit);
  }

  #collect(): CollectedFamily[] {
    this.#source.sample();
    return collect(this.#source, this.#table);
  }

  async #collectInTurns(): Promise<CollectedFamily[]> {
    await this.#source.sampleInTurns();
    return collect(this.#source, this.#table);
  }
}
