import { OptionError, StartError, StoreNotOpenError } from '../errors.ts';
import { addBytes } from './attempts/add-bytes.ts';
import { claimJobs } from './attempts/claim-jobs.ts';
import { completeAttempt } from './attempts/complete-attempt.ts';
import { Reservations } from './attempts/reservations/reservations.ts';
import { listBandwidthMinutes, saveBandwidthMinute } from './bandwidth/bandwidth-minutes.ts';
import { blobsInUse } from './blobs/blobs-in-use.ts';
import type { StoreContext } from './context.ts';
import { answerWithin, Database } from './database/database.ts';
import { Notifications } from './database/notifications.ts';
import type { DatabaseSource } from './database-source.ts';
import { cancelJob } from './jobs/cancel-job.ts';
import { findJob } from './jobs/find-job.ts';
import { findOldest } from './jobs/find-oldest.ts';
import { findOutput } from './jobs/find-output.ts';
import { findByPrefix, findSummaries } from './jobs/find-summaries.ts';
import { findWaiting } from './jobs/find-waiting.ts';
import { listJobs } from './jobs/list-jobs.ts';
import { Queues } from './jobs/queues.ts';
import { retryJob } from './jobs/retry-job.ts';
import { submitJobs } from './jobs/submit-jobs.ts';
import { appendLog } from './logs/append-log.ts';
import { readLog } from './logs/read-log.ts';
import { deleteNode } from './nodes/delete-node.ts';
import { drainNode } from './nodes/drain-node.ts';
import { goodbye } from './nodes/goodbye.ts';
import { heartbeat } from './nodes/heartbeat.ts';
import { findNode, listNodes } from './nodes/list-nodes.ts';
import { listRunning } from './nodes/list-running.ts';
import { registerNode } from './nodes/register-node.ts';
import { migrate } from './schema/migrate.ts';
import type {
  AttemptStore,
  BandwidthStore,
  BlobIndex,
  EndedAttempt,
  JobStore,
  LogStore,
  NodeStore,
  QueueOverview,
  Store,
  StoreOptions,
} from './store.ts';
import { Availability } from './supervision/availability.ts';
import { Supervisor } from './supervision/supervisor.ts';

/** A server that hangs doesn't hold up the stop for longer. */
const closeMs = 1000;

interface Open {
  readonly context: StoreContext;
  readonly supervisor: Supervisor;
}

/** The store on a PostgreSQL database, whoever runs the server. */
export class PostgresStore implements Store {
  readonly kind: Store['kind'];
  readonly durable = true;
  readonly #source: DatabaseSource;
  readonly #onError: (error: unknown) => void;
  readonly #notifications: Notifications;
  readonly #expiryListeners = new Set<(expired: EndedAttempt[]) => void>();
  readonly #cascadeListeners = new Set<(queues: string[]) => void>();
  readonly #keepEndedSeconds: number;
  #open: Open | undefined;
  /** Its schema is there: only then it answers. */
  #isReady = false;

  readonly jobs: JobStore = {
    submit: async (submissions) => submitJobs(this.#context, submissions),
    find: async (id) => findJob(this.#database, id),
    findSummaries: async (ids) => findSummaries(this.#database, ids),
    findByPrefix: async (prefix, limit) => findByPrefix(this.#database, prefix, limit),
    list: async (filter) => listJobs(this.#database, filter),
    cancel: async (id) => cancelJob(this.#database, id),
    retry: async (id) => retryJob(this.#database, id),
    findWaiting: async (ids) => findWaiting(this.#database, ids),
    findOldest: async (queue) => findOldest(this.#database, queue),
    findOutput: async (id, name) => findOutput(this.#database, id, name),
    onChange: (listener) => this.#notifications.on('job', listener),
    onCascaded: (listener) => {
      this.#cascadeListeners.add(listener);
      return () => this.#cascadeListeners.delete(listener);
    },
  };
  readonly attempts: AttemptStore = {
    claim: async (node, session, size) => claimJobs(this.#context, node, session, size),
    complete: async (ref, node, result) => completeAttempt(this.#database, ref, node, result),
    addBytes: async (batch) => addBytes(this.#database, batch),
    onReady: (listener) => this.#notifications.on('ready', listener),
    onExpired: (listener) => {
      this.#expiryListeners.add(listener);
      return () => this.#expiryListeners.delete(listener);
    },
  };
  readonly nodes: NodeStore = {
    register: async (registration) => registerNode(this.#context, registration),
    find: async (id) => findNode(this.#context, id),
    list: async () => listNodes(this.#context),
    heartbeat: async (node, session, attempts) => heartbeat(this.#database, node, session, attempts),
    goodbye: async (node, session, hasDied) => goodbye(this.#database, node, session, hasDied),
    drain: async (node, draining) => drainNode(this.#database, node, draining),
    listRunning: async (node, limit) => listRunning(this.#database, node, limit),
    delete: async (node) => deleteNode(this.#context, node),
  };
  readonly logs: LogStore = {
    append: async (chunk) => appendLog(this.#database, chunk),
    read: async (jobId, filter, limit) => readLog(this.#database, jobId, filter, limit),
  };
  readonly blobs: BlobIndex = {
    inUse: async (sha256) => blobsInUse(this.#database, sha256),
  };
  readonly bandwidth: BandwidthStore = {
    save: async (master, minute) => saveBandwidthMinute(this.#database, master, minute),
    list: async (master, since) => listBandwidthMinutes(this.#database, master, since),
  };

  constructor(source: DatabaseSource, { onError, keepEndedSeconds }: Required<StoreOptions>) {
    this.kind = source.kind;
    this.#source = source;
    this.#onError = onError;
    this.#keepEndedSeconds = keepEndedSeconds;
    this.#notifications = new Notifications(onError);
  }

  async start(): Promise<void> {
    try {
      await this.#begin(new Database(await this.#source.open(), this.#onError));
    } catch (error) {
      await this.stop();
      await this.#source.close();
      throw error instanceof StartError || error instanceof OptionError ? error : this.#source.explain(error);
    }
  }

  async #begin(database: Database): Promise<void> {
    const context: StoreContext = {
      database,
      queues: new Queues(database),
      notifications: this.#notifications,
      availability: new Availability(),
      reservations: new Reservations(database),
      keepEndedSeconds: this.#keepEndedSeconds,
    };
    const supervisor = new Supervisor(context, {
      onExpired: (expired) => {
        for (const listener of this.#expiryListeners) listener(expired);
      },
      onCascaded: (queues) => {
        for (const listener of this.#cascadeListeners) listener(queues);
      },
      onError: this.#onError,
    });
    this.#open = { context, supervisor };
    await migrate(database);
    await supervisor.start();
    await this.#notifications.start(database, () => supervisor.recover());
    this.#isReady = true;
  }

  async stop(): Promise<void> {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    this.#isReady = false;
    await answerWithin(closeMs, this.#close(open)).catch(this.#onError);
    await this.#source.close();
  }

  async #close({ context, supervisor }: Open): Promise<void> {
    await supervisor.stop();
    await this.#notifications.stop();
    await context.database.close();
  }

  async ping(): Promise<void> {
    await this.#database.ping();
  }

  async supervise(): Promise<EndedAttempt[]> {
    return this.#supervisor.runOnce();
  }

  overview(): QueueOverview {
    return this.#open?.supervisor.overview ?? { jobs: [], oldestReadyAgeSeconds: [], storeBytes: 0 };
  }

  get #context(): StoreContext {
    if (this.#open && this.#isReady) return this.#open.context;
    throw new StoreNotOpenError();
  }

  get #database(): Database {
    return this.#context.database;
  }

  get #supervisor(): Supervisor {
    if (this.#open && this.#isReady) return this.#open.supervisor;
    throw new StoreNotOpenError();
  }
}
