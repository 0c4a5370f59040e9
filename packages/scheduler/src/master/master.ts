import { join } from 'node:path';
import { BlobFolder } from '../blobs/blob-folder.ts';
import { createEmbeddedStore, createPostgresStore } from '../store/index.ts';
import type { Store } from '../store/store.ts';
import { AttemptBytes } from './bandwidth/attempt-bytes.ts';
import { KeptHistory } from './bandwidth/kept-history.ts';
import { MasterBandwidth } from './bandwidth/master-bandwidth.ts';
import { sweepBlobs } from './blobs/blob-sweep.ts';
import { ClaimQueue } from './claims/claim-queue.ts';
import type { MasterContext } from './context.ts';
import { drain, listen } from './http/listen.ts';
import { JobChanges } from './logs/job-changes.ts';
import { registerClusterGauges } from './metrics/cluster-gauges.ts';
import { ClusterView } from './metrics/cluster-view.ts';
import { MasterMetrics } from './metrics/master-metrics.ts';
import { createMetricsListener } from './metrics/metrics-listener.ts';
import { registerStorageGauges } from './metrics/storage-gauges.ts';
import { createApi } from './routes/create-api.ts';
import { urlOf } from './setup/address.ts';
import { makeDataFolder } from './setup/data-folder.ts';
import { loadMasterId } from './setup/master-id.ts';
import { type MasterOptions, type ResolvedMasterOptions, resolveMasterOptions } from './setup/master-options.ts';
import { loadToken, type Token } from './setup/token.ts';
import { StorageGuard } from './storage/storage-guard.ts';

/** Where a started master is, and what it keeps. */
export interface MasterInfo {
  readonly apiUrl: string;
  readonly pageUrl: string;
  readonly metricsUrl: string;
  readonly store: { readonly kind: Store['kind']; readonly durable: boolean };
  readonly token: string;
  /** Where the token is kept, unless it was given. */
  readonly tokenPath?: string;
  /** Samples that the monitor exposes for the known routes, and the most that it ever will. */
  readonly series?: { readonly known: number; readonly worstCase: number };
}

const sweepIntervalMs = 3_600_000;
// Leaves a second of the promised three for the store.
const drainMs = 2000;

type Undo = () => Promise<unknown> | unknown;

/**
 * The master: API, live page, metrics, over a store.
 *
 * @example
 * const master = new Master({ listen: '127.0.0.1:0', dataDir: './data' });
 * const { apiUrl, token } = await master.start();
 * await master.stop();
 */
export class Master {
  readonly #options: ResolvedMasterOptions;
  readonly #stopping = new AbortController();
  /** How to take back what was started, in its order. */
  readonly #undo: Undo[] = [];
  #starting: Promise<MasterInfo> | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws OptionError */
  constructor(options: MasterOptions = {}) {
    this.#options = resolveMasterOptions(options);
  }

  /** @throws StartError; OptionError for an address that can't be listened on. Nothing is left running then. */
  async start(): Promise<MasterInfo> {
    this.#starting = this.#start();
    try {
      return await this.#starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends everything within 3 s: waiting claims are answered, streams ended, transfers cut after 2 s. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  // Ports before the store: one in use is told at once, and /metrics answers while the store migrates.
  async #start(): Promise<MasterInfo> {
    const { dataDir } = this.#options;
    await makeDataFolder(dataDir);
    const token = await loadToken(dataDir, this.#options.token);
    const context = await this.#createContext(this.#createStore(), token);
    const { store, cluster, bandwidth } = context;
    const metricsUrl = await this.#serveMetrics(context);
    const apiUrl = await this.#serveApi(context);
    await store.start();
    await cluster.start();
    await this.#keepHistory(context);
    this.#sweepHourly(context);
    return {
      apiUrl,
      pageUrl: `${apiUrl}/`,
      metricsUrl,
      store: { kind: store.kind, durable: store.durable },
      ...token,
      series: bandwidth.series(),
    };
  }

  #createStore(): Store {
    const { store: choice, dataDir, keepJobsSeconds: keepEndedSeconds } = this.#options;
    const onError = (error: unknown) => console.error(`weighbridge store: ${(error as Error)?.message ?? error}`);
    if (choice.kind === 'embedded') return createEmbeddedStore({ dataDir, onError, keepEndedSeconds });
    return createPostgresStore({ url: choice.url, onError, keepEndedSeconds });
  }

  async #createContext(store: Store, { token }: Token): Promise<MasterContext> {
    const blobs = new BlobFolder(join(this.#options.dataDir, 'blobs'));
    await blobs.start();
    const storage = new StorageGuard(this.#options, blobs);
    await storage.start();
    // In the background: a million files take a while.
    void blobs
      .measure()
      .catch((error: Error) => console.error(`weighbridge master: files were not measured: ${error.message}`));
    const cluster = new ClusterView(store);
    const metrics = new MasterMetrics();
    registerClusterGauges(metrics, cluster, store);
    registerStorageGauges(metrics, { storage, blobs, store });
    const bandwidth = new MasterBandwidth(metrics.registry, (name) => cluster.isKnown(name));
    this.#stopping.signal.addEventListener('abort', () => bandwidth.listener.close(), { once: true });
    const attemptBytes = new AttemptBytes(store.attempts);
    const claims = new ClaimQueue(store.attempts, (seconds) => metrics.claimTried(seconds));
    const jobChanges = new JobChanges(store.jobs);
    const forgetExpired = store.attempts.onExpired((expired) => metrics.expired(expired));
    const forgetCascaded = store.jobs.onCascaded((queues) => metrics.cascaded(queues));
    this.#undo.push(
      () => storage.stop(),
      () => store.stop(),
      () => bandwidth.stop(),
      () => attemptBytes.stop(),
      () => cluster.stop(),
      forgetExpired,
      forgetCascaded,
      () => claims.stop(),
      () => jobChanges.stop(),
    );
    const options = this.#options;
    const stopping = this.#stopping.signal;
    return {
      store,
      blobs,
      storage,
      cluster,
      metrics,
      bandwidth,
      attemptBytes,
      claims,
      jobChanges,
      token,
      options,
      stopping,
    };
  }

  async #serveMetrics(context: MasterContext): Promise<string> {
    const app = createMetricsListener(context);
    this.#undo.push(() => drain(app, drainMs));
    return urlOf(await listen(app, { name: 'metricsListen', flag: '--metrics-listen' }, this.#options.metricsListen));
  }

  async #serveApi(context: MasterContext): Promise<string> {
    const app = await createApi(context);
    this.#undo.push(() => drain(app, drainMs));
    return urlOf(await listen(app, { name: 'listen', flag: '--listen' }, this.#options.listen));
  }

  async #keepHistory({ bandwidth, store }: MasterContext): Promise<void> {
    const master = await loadMasterId(this.#options.dataDir);
    const history = new KeptHistory(bandwidth.listener.history, store.bandwidth, master);
    this.#undo.push(() => history.stop());
    await history.start();
  }

  #sweepHourly({ blobs, store }: MasterContext): void {
    const sweep = () =>
      sweepBlobs(blobs, store.blobs, Date.now()).catch((error: Error) =>
        console.error(`weighbridge master: unused blobs were not removed: ${error.message}`),
      );
    const timer = setInterval(sweep, sweepIntervalMs).unref();
    this.#undo.push(() => clearInterval(timer));
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#starting?.catch(() => undefined);
    for (const undo of this.#undo.reverse()) {
      try {
        await undo();
      } catch (error) {
        console.error(`weighbridge master: stopping: ${(error as Error).message}`);
      }
    }
  }
}
