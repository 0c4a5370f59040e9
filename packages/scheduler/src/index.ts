export { OptionError, StartError, type StartFailure, StoreUnavailableError } from './errors.ts';
export { Master, type MasterInfo } from './master/master.ts';
export {
  type MasterOptions,
  type ResolvedMasterOptions,
  resolveMasterOptions,
  type StoreChoice,
} from './master/setup/master-options.ts';
export { accessDatabase, type DatabaseAccess, type DatabaseLocation } from './store/database-access.ts';
export type { TransferCounts } from './transfer/archive.ts';
export { type ExportOptions, type ExportResult, exportStore } from './transfer/export-store.ts';
export { type ImportOptions, type ImportResult, importStore } from './transfer/import-store.ts';
export {
  type ResolvedWorkerOptions,
  resolveWorkerOptions,
  Worker,
  type WorkerEnd,
  type WorkerEvent,
  type WorkerInfo,
  type WorkerOptions,
} from './worker/index.ts';
