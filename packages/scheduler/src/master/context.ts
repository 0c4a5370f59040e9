import type { BlobFolder } from '../blobs/blob-folder.ts';
import type { Store } from '../store/store.ts';
import type { AttemptBytes } from './bandwidth/attempt-bytes.ts';
import type { MasterBandwidth } from './bandwidth/master-bandwidth.ts';
import type { ClaimQueue } from './claims/claim-queue.ts';
import type { JobChanges } from './logs/job-changes.ts';
import type { ClusterView } from './metrics/cluster-view.ts';
import type { MasterMetrics } from './metrics/master-metrics.ts';
import type { ResolvedMasterOptions } from './setup/master-options.ts';
import type { StorageGuard } from './storage/storage-guard.ts';

/** What the routes work with. */
export interface MasterContext {
  readonly store: Store;
  readonly blobs: BlobFolder;
  readonly storage: StorageGuard;
  readonly bandwidth: MasterBandwidth;
  readonly attemptBytes: AttemptBytes;
  readonly claims: ClaimQueue;
  readonly cluster: ClusterView;
  readonly jobChanges: JobChanges;
  readonly metrics: MasterMetrics;
  readonly token: string;
  readonly options: ResolvedMasterOptions;
  /** Aborts when the master begins to stop. */
  readonly stopping: AbortSignal;
}
