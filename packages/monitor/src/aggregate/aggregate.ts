import { Exporter } from '../export/exporter.ts';
import type { Source } from '../export/source.ts';
import type { BandwidthSnapshot, EndpointDetails, OpenExchanges } from '../snapshot.ts';
import { DeltaReader } from './delta.ts';
import { FollowerChannel, type FollowerEvents } from './follower-channel.ts';
import { LeaderChannel } from './leader-channel.ts';
import { Replica } from './replica.ts';
import type { Role } from './role.ts';
import { type Own, Sum } from './sum.ts';

const promotionIntervalMs = 10_000;

export interface AggregateOptions {
  readonly prefix: string;
  readonly maxEndpoints: number;
  readonly warn: (message: string) => void;
}

type Served = Pick<Exporter, 'text' | 'snapshot' | 'endpoint' | 'openExchanges'>;

/** What a follower hears of its leader. */
export type LeaderEvents = Omit<FollowerEvents, 'delta'>;

/** The totals of one process, or of all processes of a service once this one leads. */
export class Aggregate {
  readonly #own: Own;
  readonly #role: Role;
  readonly #options: AggregateOptions;
  readonly #replica: Replica;
  /** This process' monitor, until there is a sum. */
  #served: Served;
  #channel: FollowerChannel | undefined;
  #leads = false;

  constructor(monitor: Served & { readonly source: Source }, role: Role, options: AggregateOptions) {
    this.#own = { source: monitor.source, deltas: new DeltaReader(monitor.source) };
    this.#role = role;
    this.#options = options;
    this.#replica = new Replica(options.prefix, options.maxEndpoints);
    this.#served = monitor;
  }

  /** Whether a leader has told this process the sum. */
  get hasReplica(): boolean {
    return this.#replica.isFilled;
  }

  /** Exposition format 0.0.4. */
  text(): Promise<string> {
    return this.#served.text();
  }

  snapshot(): BandwidthSnapshot {
    return this.#served.snapshot();
  }

  endpoint(method: string, endpoint: string): EndpointDetails | undefined {
    return this.#served.endpoint(method, endpoint);
  }

  openExchanges(limit: number): OpenExchanges {
    return this.#served.openExchanges(limit);
  }

  /** Tells the leader, from now on. */
  follow(events: LeaderEvents): void {
    this.#channel = new FollowerChannel(this.#role.path(), this.#own.deltas, {
      ...events,
      delta: (delta, isFirst) => this.#replica.add(delta, isFirst),
    });
  }

  unfollow(): void {
    this.#channel?.stop();
  }

  /**
   * Sums what other processes tell, from now on.
   *
   * @param joined called for each follower that has told its first delta.
   * @throws Error when the channel can't be made.
   */
  lead(joined: () => void): void {
    if (this.#leads) return;
    if (this.#role.kind === 'peer') this.#leadPeers();
    else this.#leadChildren(joined);
    this.#leads = true;
  }

  #leadChildren(joined: () => void): void {
    const { prefix, maxEndpoints, warn } = this.#options;
    const sum = new Sum(prefix, maxEndpoints, this.#own);
    new LeaderChannel(this.#role.path(), sum, () => void joined());
    promoteRegularly(sum);
    this.#served = new Exporter(sum, warn);
  }

  #leadPeers(): void {
    this.#replica.lead(this.#own, (sum) => {
      const channel = new LeaderChannel(this.#role.path(), sum, () => this.#replica.toDelta());
      promoteRegularly(sum);
      return channel;
    });
    this.#served = new Exporter(this.#replica.served, this.#options.warn);
  }
}

function promoteRegularly(sum: Sum): void {
  setInterval(() => sum.promoteBusiest(), promotionIntervalMs).unref();
}
