import { constants } from 'node:os';
import { FailedError } from '../errors.ts';
import { runOnWhenReaderLeaves } from '../terminal/output.ts';
import type { Reporter } from './reporter.ts';
import { listenForStop } from './stop-signals.ts';

/** Everything must be gone within 5 s of the signal: this for stopping, the rest for what holds the process open. */
const stopWithinMs = 4700;
const lingerMs = 200;

/** Something that runs until it is stopped, or rejects `ended` when it has ended by itself. */
export interface Service {
  stop(): Promise<void>;
  ended?: Promise<never>;
}

/** Starts a service; the next is started when it stands. */
export type Start = () => Promise<Service>;

/**
 * Starts services one after another, waits for INT or TERM, and stops them in reverse. A signal during the
 * start is heard too: what is being started is awaited and stopped.
 */
export async function runUntilStopped(starts: readonly Start[], reporter: Reporter): Promise<void> {
  runOnWhenReaderLeaves();
  const signals = listenForStop(process, (signal) => process.exit(128 + constants.signals[signal]));
  const services = new Services(starts);
  let isStopping = false;
  try {
    const reason = await Promise.race([signals.first, services.run(reporter.ready)]);
    reporter.stopping(reason);
    isStopping = true;
    await within(stopWithinMs, services.stop());
    reporter.stopped();
  } catch (error) {
    // What has not stopped in its time gets no second one.
    if (!isStopping) await within(stopWithinMs, services.stop()).catch(() => undefined);
    throw error;
  } finally {
    signals.dispose();
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}

class Services {
  readonly #started: Service[] = [];
  readonly #starting: Promise<void>;
  #stopping: Promise<void> | undefined;

  constructor(starts: readonly Start[]) {
    this.#starting = this.#start(starts);
    // Whoever awaits run() or stop() hears of it.
    this.#starting.catch(() => undefined);
  }

  /** Rejects when one can't start or has ended by itself; never resolves. */
  async run(ready: () => void): Promise<never> {
    await this.#starting;
    if (!this.#stopping) ready();
    return Promise.race([new Promise<never>(() => undefined), ...this.#started.flatMap(({ ended }) => ended ?? [])]);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(starts: readonly Start[]): Promise<void> {
    for (const start of starts) {
      if (!this.#stopping) this.#started.push(await start());
    }
  }

  async #stop(): Promise<void> {
    await this.#starting.catch(() => undefined);
    const failures: unknown[] = [];
    for (const service of this.#started.reverse()) await service.stop().catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new FailedError(`not everything stopped within ${ms / 1000} s`)), ms);
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
