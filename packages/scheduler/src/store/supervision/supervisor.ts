import { expireAttempts } from '../attempts/expire-attempts.ts';
import type { StoreContext } from '../context.ts';
import type { EndedAttempt, QueueOverview } from '../store.ts';
import { Background } from './background.ts';
import { deleteOld } from './delete-old.ts';
import { DueTimer } from './due-timer.ts';
import { takeOverview } from './overview.ts';
import { promoteJobs } from './promote-jobs.ts';

const passMs = 1000;
const deleteMs = 3_600_000;
/** A claim may have missed the notification of work that is ready for longer: it is announced again. */
const missedSeconds = 3;

interface SupervisorListeners {
  /** Told which attempts a pass has ended. */
  onExpired: (expired: EndedAttempt[]) => void;
  /** Told what failed; it is tried again. */
  onError: (error: unknown) => void;
}

/**
 * What happens by itself: leases expire, deferred jobs become ready, old ones go, counts are taken. Any number of masters
 * may run it; each row is moved by one of them.
 */
export class Supervisor {
  readonly #context: StoreContext;
  readonly #background: Background[];
  readonly #due: DueTimer;
  readonly #onExpired: (expired: EndedAttempt[]) => void;
  #overview: QueueOverview = { jobs: [], oldestReadyAgeSeconds: [], storeBytes: 0 };

  constructor(context: StoreContext, { onExpired, onError }: SupervisorListeners) {
    const { database } = context;
    this.#context = context;
    this.#onExpired = onExpired;
    this.#due = new DueTimer(() => promoteJobs(database), onError);
    this.#background = [
      new Background({ work: () => this.runOnce(), restMs: () => passMs, onError }),
      new Background({ work: () => deleteOld(database), restMs: () => deleteMs, onError }),
      // At most a twentieth of the store's time goes into counting.
      new Background({ work: () => this.#count(), restMs: (tookMs) => Math.max(1000, 20 * tookMs), onError }),
    ];
  }

  get overview(): QueueOverview {
    return this.#overview;
  }

  async start(): Promise<void> {
    await this.#context.queues.refresh();
    this.#overview = await takeOverview(this.#context.database, this.#context.queues.names);
    this.#context.notifications.on('due', () => void this.#due.look());
    for (const task of this.#background) task.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#due.stop(), ...this.#background.map((task) => task.stop())]);
  }

  /** Notifications may have been missed: everything may be ready, or due. */
  recover(): void {
    for (const queue of this.#context.queues.names) this.#context.notifications.emit('ready', queue);
    void this.#due.look();
  }

  /** One pass: expired leases and overdue attempts. */
  async runOnce(): Promise<EndedAttempt[]> {
    const expired = await expireAttempts(this.#context);
    if (expired.length > 0) this.#onExpired(expired);
    return expired;
  }

  async #count(): Promise<void> {
    const { database, queues, notifications } = this.#context;
    await queues.refresh();
    this.#overview = await takeOverview(database, queues.names);
    for (const { queue, seconds } of this.#overview.oldestReadyAgeSeconds) {
      if (seconds > missedSeconds) notifications.emit('ready', queue);
    }
  }
}
