import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import { Aggregate } from '../aggregate/aggregate.ts';
import {
  type AggregateAction,
  type AggregateEvent,
  type AggregateState,
  findPorts,
  furtherPorts,
  initialState,
  transition,
} from '../aggregate/machine.ts';
import { hasWorkers, type Role } from '../aggregate/role.ts';
import { builtin } from '../builtin.ts';
import { isHttpServer } from '../capture/sockets/server-listeners.ts';
import { Listener } from '../listener/listener.ts';
import { type Address, ListenerServer } from '../listener/listener-server.ts';
import type { BandwidthMonitor } from '../monitor.ts';
import { formatAddress, type Settings } from './settings.ts';

const delayMs = 20;

/** Tells the aggregate's machine (`aggregate/machine.ts`) what happens in this process, and does what it decides. */
export class Service {
  readonly #monitor: BandwidthMonitor;
  readonly #settings: Settings;
  readonly #role: Role;
  readonly #warn: (message: string) => void;
  readonly #aggregate: Aggregate;
  readonly #actions: Readonly<Record<AggregateAction, () => void>>;
  #state: AggregateState = initialState;
  #server: ListenerServer | undefined;
  #failure: NodeJS.ErrnoException | undefined;
  #hasWarned = false;
  #hasSpoken = false;

  constructor(monitor: BandwidthMonitor, settings: Settings, role: Role, warn: (message: string) => void) {
    this.#monitor = monitor;
    this.#settings = settings;
    this.#role = role;
    this.#warn = warn;
    this.#aggregate = new Aggregate(monitor, role, { ...settings, warn });
    this.#actions = {
      'open-listener': () => void this.#openListener(),
      announce: () => this.#announce(),
      'tell-failure': () => this.#tellFailure(),
      follow: () => this.#follow(),
      unfollow: () => this.#aggregate.unfollow(),
      lead: () => this.#lead(),
    };
  }

  /** Waits for what there is to serve: an HTTP server of this process that listens, or children. */
  start(): void {
    const onListen = (message: unknown) => {
      const { server } = message as { server?: Server };
      if (!server || !isHttpServer(server)) return;
      unsubscribe('tracing:net.server.listen:asyncEnd', onListen);
      // Later: what the application does at its start comes first.
      setTimeout(() => this.#dispatch({ type: 'server-listens', hasLeader: this.#hasLeader() }), delayMs).unref();
    };
    subscribe('tracing:net.server.listen:asyncEnd', onListen);
    if (this.#role.kind !== 'parent') return;
    subscribe('worker_threads', () => this.#dispatch({ type: 'children-began' }));
    // The process isn't among the cluster's workers yet.
    subscribe('child_process', () => setImmediate(() => this.#noteFork()).unref());
  }

  #noteFork(): void {
    if (hasWorkers()) this.#dispatch({ type: 'children-began' });
  }

  #hasLeader(): boolean {
    return builtin('node:fs').existsSync(this.#role.path());
  }

  #dispatch(event: AggregateEvent): void {
    const { state, actions } = transition(this.#role.kind, this.#state, event);
    this.#state = state;
    for (const action of actions) this.#actions[action]();
  }

  #follow(): void {
    this.#aggregate.follow({
      reached: () => this.#dispatch({ type: 'leader-reached' }),
      unreachable: () => this.#dispatch({ type: 'leader-unreachable', hasReplica: this.#aggregate.hasReplica }),
    });
  }

  #lead(): void {
    try {
      this.#aggregate.lead(() => this.#dispatch({ type: 'follower-joined' }));
    } catch (error) {
      this.#warn(`weighbridge: each process counts for itself: ${(error as Error).message}`);
      this.#dispatch({ type: 'channel-failed' });
    }
  }

  async #openListener(): Promise<void> {
    const { listen } = this.#settings;
    if (!listen) return this.#dispatch({ type: 'listener-failed', isTaken: false });
    try {
      this.#server = await this.#listen(listen);
      this.#dispatch({ type: 'listener-opened' });
    } catch (error) {
      this.#failure = error as NodeJS.ErrnoException;
      this.#dispatch({ type: 'listener-failed', isTaken: this.#failure.code === 'EADDRINUSE' });
    }
  }

  /** Listens at the first port that is free. */
  async #listen({ host, port }: Address): Promise<ListenerServer> {
    const { first, last } = findPorts(this.#role.kind, port, this.#state.failures);
    for (let tried = first; ; tried++) {
      try {
        return await this.#open({ host, port: tried });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tried >= last) throw error;
      }
    }
  }

  #open(address: Address): Promise<ListenerServer> {
    const { serviceName, countItself } = this.#settings;
    const listener = () => new Listener(this.#aggregate, { service: { name: serviceName } });
    return ListenerServer.open(listener, address, (server) => {
      if (!countItself) this.#monitor.ignore(server);
    });
  }

  #announce(): void {
    const { listen } = this.#settings;
    if (!listen || !this.#server) return;
    const { address } = this.#server;
    const isMoved = listen.port !== 0 && listen.port !== address.port;
    this.#say(`page http://${formatAddress(address)}/${isMoved ? ` (port ${listen.port} is taken)` : ''}`);
  }

  #say(what: string): void {
    if (!this.#settings.isQuiet && !this.#hasSpoken) this.#warn(`weighbridge: counting; ${what}`);
    this.#hasSpoken = true;
  }

  #tellFailure(): void {
    const { listen } = this.#settings;
    if (!listen) {
      this.#say('no page (WEIGHBRIDGE_METRICS_LISTEN=off)');
      return;
    }
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const address = formatAddress(listen);
    const reason =
      this.#failure?.code === 'EADDRINUSE'
        ? `${address} and the ${furtherPorts} ports after it are taken`
        : `${address} can't be listened on (${this.#failure?.message})`;
    this.#warn(
      `weighbridge: ${reason}, the metrics are not served there; ` +
        'WEIGHBRIDGE_METRICS_LISTEN=host:port names another address, WEIGHBRIDGE_METRICS_LISTEN=off none',
    );
  }
}
