import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import { isHttpServer } from '../capture/sockets/server-listeners.ts';
import { Exporter } from '../export/exporter.ts';
import type { BandwidthMonitor } from '../monitor.ts';
import { builtin } from './builtin.ts';
import { ElectedSum } from './elected-sum.ts';
import type { Figures } from './figures.ts';
import { Gathering } from './gathering.ts';
import { Membership } from './membership.ts';
import { MetricsListener } from './metrics-listener.ts';
import { Reporter } from './report.ts';
import { hasWorkers, type Role } from './role.ts';
import { type Address, formatAddress, type Settings } from './settings.ts';
import { type Own, Sum } from './sum.ts';

/** Tries to reach the others, a second apart, before this process goes its own way. */
const patience = 5;
/** Ports that are tried where the first is taken: another service of ours may have it. */
const furtherPorts = 10;
const delayMs = 20;
const promotionIntervalMs = 10_000;

/** Serves this process' figures, or the sum of several, or tells them to the process that does. */
export class Service {
  readonly #monitor: BandwidthMonitor;
  readonly #settings: Settings;
  readonly #role: Role;
  readonly #warn: (message: string) => void;
  readonly #reporter: Reporter;
  /** The monitor, until there is a sum. */
  #figures: Figures;
  #gathering: Gathering | undefined;
  readonly #elected: ElectedSum;
  #listener: MetricsListener | undefined;
  #membership: Membership | undefined;
  #opening = false;
  #warned = false;
  #hasSpoken = false;
  /** Tries in a row at which nobody was where the processes of this service meet. */
  #failures = 0;

  constructor(monitor: BandwidthMonitor, settings: Settings, role: Role, warn: (message: string) => void) {
    this.#monitor = monitor;
    this.#settings = settings;
    this.#role = role;
    this.#warn = warn;
    this.#figures = monitor;
    this.#reporter = new Reporter(monitor.source);
    this.#elected = new ElectedSum(settings.prefix, settings.maxEndpoints);
  }

  /** Waits for what there is to serve: an HTTP server of this process that listens, or processes that may report. */
  start(): void {
    const onListen = (message: unknown) => {
      const { server } = message as { server?: Server };
      if (!server || !isHttpServer(server)) return;
      unsubscribe('tracing:net.server.listen:asyncEnd', onListen);
      // Later: what the application does at its start comes first.
      setTimeout(() => this.#begin(), delayMs).unref();
    };
    subscribe('tracing:net.server.listen:asyncEnd', onListen);
    if (this.#role.kind !== 'head') return;
    subscribe('child_process', () => setImmediate(() => this.#gatherWorkers()).unref());
    subscribe('worker_threads', () => this.#gather());
  }

  #begin(): void {
    if (this.#role.kind === 'member') this.#report();
    // Somebody serves, or did until just now: those who were told by it go first, since they go on where it stopped.
    else if (this.#role.kind === 'elected' && builtin('node:fs').existsSync(this.#role.path())) this.#report();
    else void this.#serve();
  }

  #gatherWorkers(): void {
    if (hasWorkers()) this.#gather();
  }

  /** Sums what other processes report, from now on. */
  #gather(): void {
    if (this.#gathering) return;
    const own = { source: this.#monitor.source, reporter: this.#reporter };
    try {
      if (this.#role.kind === 'elected') this.#lead(own);
      else this.#gatherOwn(own);
    } catch (error) {
      this.#warn(`weighbridge: each process counts for itself: ${(error as Error).message}`);
    }
  }

  #gatherOwn(own: Own): void {
    const sum = new Sum(this.#settings.prefix, this.#settings.maxEndpoints, own);
    this.#gathering = new Gathering(this.#role.path(), sum, () => {
      void this.#serve();
      return undefined;
    });
    setInterval(() => sum.promoteBusiest(), promotionIntervalMs).unref();
    this.#figures = new Exporter(sum, this.#warn);
  }

  #lead(own: Own): void {
    this.#elected.lead(own, (sum) => {
      this.#gathering = new Gathering(this.#role.path(), sum, () => this.#elected.whole());
      setInterval(() => sum.promoteBusiest(), promotionIntervalMs).unref();
      return this.#gathering;
    });
    this.#figures = new Exporter(this.#elected.served, this.#warn);
  }

  async #serve(): Promise<void> {
    const { listen } = this.#settings;
    if (this.#listener || this.#opening) return;
    if (!listen) return this.#say('no page (WEIGHBRIDGE_METRICS_LISTEN=off)');
    this.#opening = true;
    try {
      this.#listener = await this.#open(listen);
      this.#membership?.stop();
      if (this.#role.kind === 'elected') this.#gather();
      this.#announce(listen, this.#listener);
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException, listen);
    } finally {
      this.#opening = false;
    }
  }

  /** At the first free port. Of equals one tries a port at a time: who has it first serves them all. */
  async #open({ host, port }: Address): Promise<MetricsListener> {
    const figures = { text: () => this.#figures.text(), snapshot: () => this.#figures.snapshot() };
    const isElected = this.#role.kind === 'elected';
    const first = isElected ? port + Math.max(0, this.#failures - patience) : port;
    const last = isElected || port === 0 ? first : port + furtherPorts;
    for (let tried = first; ; tried++) {
      try {
        return await MetricsListener.open(figures, { host, port: tried }, (server) => this.#leaveOut(server));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tried >= Math.min(last, 65_535)) throw error;
      }
    }
  }

  #announce(wanted: Address, { address }: MetricsListener): void {
    const isMoved = wanted.port !== 0 && wanted.port !== address.port;
    this.#say(`page http://${formatAddress(address)}/${isMoved ? ` (port ${wanted.port} is taken)` : ''}`);
  }

  #say(what: string): void {
    if (!this.#settings.isQuiet && !this.#hasSpoken) this.#warn(`weighbridge: counting; ${what}`);
    this.#hasSpoken = true;
  }

  #leaveOut(server: Server): void {
    if (!this.#settings.countItself) this.#monitor.ignore(server);
  }

  #failed(error: NodeJS.ErrnoException, listen: Address): void {
    const isTaken = error.code === 'EADDRINUSE';
    const hasOthers = isTaken && this.#role.kind === 'elected';
    if (hasOthers && !this.#membership) this.#report();
    if (hasOthers && this.#failures < patience + furtherPorts) return;
    const address = formatAddress(listen);
    const reason = isTaken
      ? `${address} and the ${furtherPorts} ports after it are taken`
      : `${address} can't be listened on (${error.message})`;
    this.#warnOnce(
      `weighbridge: ${reason}, the metrics are not served there; ` +
        'WEIGHBRIDGE_METRICS_LISTEN=host:port names another address, WEIGHBRIDGE_METRICS_LISTEN=off none',
    );
  }

  /** Tells the process that serves, each second. */
  #report(): void {
    this.#membership = new Membership(this.#role.path(), this.#reporter, {
      told: (report, first) => this.#elected.told(report, first),
      alone: (failures) => this.#unheard(failures),
    });
  }

  /** Where there is nobody any more, this process takes the place. */
  #unheard(failures: number): void {
    this.#failures = failures;
    if (this.#role.kind === 'elected' ? this.#mayLead(failures) : failures === patience) void this.#serve();
  }

  /** Who was told the sum at once, a newcomer after two seconds. */
  #mayLead(failures: number): boolean {
    return failures <= patience + furtherPorts && (this.#elected.filled || failures > 2);
  }

  #warnOnce(message: string): void {
    if (!this.#warned) this.#warn(message);
    this.#warned = true;
  }
}
