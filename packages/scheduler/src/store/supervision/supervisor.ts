import { expireAttempts } from '../attempts/expire-attempts.ts';
import type { StoreContext } from '../context.ts';
import { settleBlocked } from '../jobs/settle-blocked.ts';
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

/** What looks at many jobs takes at most a twentieth of the store's time. */
const restLong = (tookMs: number) => Math.max(1000, 20 * tookMs);

interface SupervisorListeners {
  /** Told which attempts a pass has ended. */
  onExpired: (expired: EndedAttempt[]) => void;
  /** Told the queues of the jobs that were cancelled with one on which they depend. */
  onCascaded: (queues: string[]) => void;
  /** Told what failed; it is tried again. */
  onError: (error: unknown) => void;
}

/**
 * What happens by itself: leases expire, deferred and blocked jobs become ready, old ones go, counts are taken. Any number of masters
 * may run it; each row is moved by one of them.
 */
export class Supervisor {
  readonly #context: StoreContext;
  readonly #background: Background[];
  readonly #due: DueTimer;
  readonly #onExpired: (expired: EndedAttempt[]) => void;
  readonly #onCascaded: (queues: string[]) => void;
  #overview: QueueOverview = { jobs: [], oldestReadyAgeSeconds: [], storeBytes: 0 };

  constructor(context: StoreContext, listeners: SupervisorListeners) {
    const { onExpired, onCascaded, onError } = listeners;
    const { database, keepEndedSeconds } = context;
    this.#context = context;
    this.#onExpired = onExpired;
    this.#onCascaded = onCascaded;
    this.#due = new DueTimer(() => promoteJobs(database), onError);
    this.#background = [
      new Background({ work: () => this.runOnce(), restMs: () => passMs, onError }),
      new Background({ work: () => deleteOld(database, keepEndedSeconds), restMs: () => deleteMs, onError }),
      new Background({ work: () => this.#count(), restMs: restLong, onError }),
      new Background({ work: () => this.settle(), restMs: restLong, onError }),
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

  /** One look at the jobs that wait for others. */
  async settle(): Promise<void> {
    const cancelled = await settleBlocked(this.#context.database);
    if (cancelled.length > 0) this.#onCascaded(cancelled);
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
