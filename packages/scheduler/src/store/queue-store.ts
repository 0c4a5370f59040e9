import type { AttemptRef, AttemptResult, Bytes, JobSubmission, NodeRegistration } from '@weighbridge/protocol';
import { PgBoss } from 'pg-boss';
import { StartError, StoreUnavailableError } from '../errors.ts';
import { complete } from './attempts.ts';
import { Background } from './background.ts';
import type { StoreContext } from './context.ts';
import { answerWithin, databaseOver } from './database.ts';
import { DueTimer } from './due-timer.ts';
import { addBytes, blobsInUse, type JobFilter, job, jobs, output } from './jobs.ts';
import { supervise } from './lapse.ts';
import { appendLog, logs } from './logs.ts';
import { claim, goodbye, heartbeat, node, nodes, register } from './nodes.ts';
import { takeOverview } from './overview.ts';
import { queueSchema } from './queue-statements.ts';
import { Queues } from './queues.ts';
import { migrate } from './schema.ts';
import { Signals } from './signals.ts';
import type { LapsedAttempt, LogAppend, QueueOverview, Store } from './store.ts';
import { submit } from './submit.ts';
import { sweep } from './sweep.ts';

type BossOptions = ConstructorParameters<typeof PgBoss>[0] & object;

/** What differs between the two stores. */
export interface Engine {
  kind: Store['kind'];
  durable: boolean;
  /** Takes what must be held while the store is open. */
  open(): Promise<BossOptions>;
  close(): Promise<void>;
  /** What a failed start is called, when it has a name of its own. */
  explain(error: unknown): StartError | undefined;
}

const pingMs = 2000;
const superviseMs = 1000;
const sweepMs = 3_600_000;

const bossOptions = {
  schema: queueSchema,
  schedule: false,
  persistQueueStats: false,
  registerInstance: false,
  openTelemetry: { enabled: false },
  // Leases are ours (lapse.ts ends job and attempt in one transaction), so pg-boss's own passes,
  // which count all live jobs each time, are for retention and overdue jobs and may be rare.
  superviseIntervalSeconds: 60,
  monitorIntervalSeconds: 60,
  maintenanceIntervalSeconds: 600,
} as const;

/** The store over pg-boss, whichever engine is under it. */
export class QueueStore implements Store {
  readonly kind: Store['kind'];
  readonly durable: boolean;
  readonly #engine: Engine;
  readonly #onError: (error: unknown) => void;
  readonly #lapseListeners = new Set<(lapsed: LapsedAttempt[]) => void>();
  #overview: QueueOverview = { jobs: [], oldestReadyAgeSeconds: [] };
  #open: { context: StoreContext; background: Background[]; due: DueTimer } | undefined;
  readonly #signals = new Signals();

  constructor(engine: Engine, onError: (error: unknown) => void) {
    this.kind = engine.kind;
    this.durable = engine.durable;
    this.#engine = engine;
    this.#onError = onError;
  }

  async start(): Promise<void> {
    let boss: PgBoss | undefined;
    try {
      boss = new PgBoss({ ...bossOptions, ...(await this.#engine.open()) });
      boss.on('error', this.#onError);
      await boss.start();
      await this.#begin(boss);
    } catch (error) {
      await boss?.stop({ graceful: false }).catch(this.#onError);
      await this.#engine.close();
      throw error instanceof StartError ? error : (this.#engine.explain(error) ?? error);
    }
  }

  async #begin(boss: PgBoss): Promise<void> {
    const database = databaseOver(boss.getDb());
    await migrate(database);
    const context = { database, boss, queues: new Queues(database, boss), signals: this.#signals };
    this.#overview = await takeOverview(context);
    const due = new DueTimer(context, this.#onError);
    this.#signals.on('due', () => void due.look());
    const background = this.#backgroundOf(context);
    this.#open = { context, due, background };
    await this.#signals.start(database, () => this.#recover());
    for (const task of background) task.start();
  }

  #backgroundOf(context: StoreContext): Background[] {
    const onError = this.#onError;
    const refresh = async () => {
      this.#overview = await takeOverview(context);
    };
    return [
      new Background({ work: () => this.supervise(), restMs: () => superviseMs, onError }),
      new Background({ work: () => sweep(context), restMs: () => sweepMs, onError }),
      // At most a twentieth of the store's time goes into counting.
      new Background({ work: refresh, restMs: (tookMs) => Math.max(1000, 20 * tookMs), onError }),
    ];
  }

  /** Signals may have been missed: everything may be ready. */
  #recover(): void {
    for (const queue of this.#open?.context.queues.names ?? []) this.#signals.emit('ready', queue);
    void this.#open?.due.look();
  }

  async stop(): Promise<void> {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    await Promise.all([open.due.stop(), ...open.background.map((task) => task.stop())]);
    try {
      await this.#signals.stop();
      await open.context.boss.stop({ graceful: false });
    } finally {
      await this.#engine.close();
    }
  }

  async ping(): Promise<void> {
    await answerWithin(pingMs, this.context.database.query('SELECT 1'));
  }

  /** What its operations work on; for tests. Throws `StoreUnavailableError` unless it is open. */
  get context(): StoreContext {
    if (this.#open) return this.#open.context;
    throw new StoreUnavailableError('the store is not open');
  }

  async submit(submissions: JobSubmission[]) {
    return submit(this.context, submissions);
  }
  async job(id: string) {
    return job(this.context, id);
  }
  async jobs(filter: JobFilter) {
    return jobs(this.context, filter);
  }
  async register(registration: NodeRegistration) {
    return register(this.context, registration);
  }
  async node(id: string) {
    return node(this.context, id);
  }
  async nodes() {
    return nodes(this.context);
  }
  async heartbeat(name: string, session: string, attempts: AttemptRef[]) {
    return heartbeat(this.context, name, session, attempts);
  }
  async goodbye(name: string, session: string) {
    return goodbye(this.context, name, session);
  }
  async claim(name: string, session: string, slots: number) {
    return claim(this.context, name, session, slots);
  }
  onReady(listener: (queue: string) => void) {
    return this.#signals.on('ready', listener);
  }
  async complete(ref: AttemptRef, name: string, result: AttemptResult) {
    return complete(this.context, ref, name, result);
  }
  async appendLog(chunk: LogAppend) {
    return appendLog(this.context, chunk);
  }
  async logs(jobId: string, afterSequence: number, limit: number) {
    return logs(this.context, jobId, afterSequence, limit);
  }
  onJobChange(listener: (jobId: string) => void) {
    return this.#signals.on('job', listener);
  }
  async addBytes(ref: AttemptRef, bytes: Bytes) {
    return addBytes(this.context, ref, bytes);
  }
  async output(jobId: string, name: string) {
    return output(this.context, jobId, name);
  }
  async blobsInUse(sha256: string[]) {
    return blobsInUse(this.context, sha256);
  }

  async supervise(): Promise<LapsedAttempt[]> {
    const lapsed = await supervise(this.context);
    if (lapsed.length > 0) for (const listener of this.#lapseListeners) listener(lapsed);
    return lapsed;
  }
  onLapse(listener: (lapsed: LapsedAttempt[]) => void) {
    this.#lapseListeners.add(listener);
    return () => this.#lapseListeners.delete(listener);
  }
  overview(): QueueOverview {
    return this.#overview;
  }
}
