import { schedulerMetrics } from '@weighbridge/protocol';
import type { BlobFolder } from '../../blobs/blob-folder.ts';
import type { Store } from '../../store/store.ts';
import type { StorageGuard } from '../storage/storage-guard.ts';
import { registerGauge } from './cluster-gauges.ts';
import type { MasterMetrics } from './master-metrics.ts';

/** What is kept and what is free, as of a moment ago. */
export function registerStorageGauges(
  metrics: MasterMetrics,
  {
    storage,
    blobs,
    store,
  }: { storage: StorageGuard; blobs: Pick<BlobFolder, 'keptBytes'>; store: Pick<Store, 'overview'> },
): void {
  registerGauge(metrics, schedulerMetrics.storageFree, () =>
    storage.freeBytes === undefined ? [] : [[{}, storage.freeBytes]],
  );
  registerGauge(metrics, schedulerMetrics.storageReserve, () => [[{}, storage.reserveBytes]]);
  registerGauge(metrics, schedulerMetrics.blobBytes, () => [[{}, blobs.keptBytes]]);
  registerGauge(metrics, schedulerMetrics.storeBytes, () => [[{}, store.overview().storeBytes]]);
}
