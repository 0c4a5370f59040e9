export { OptionError, StartError, StoreUnavailableError } from './errors.ts';
export { Master, type MasterInfo } from './master/master.ts';
export {
  type MasterOptions,
  type ResolvedMasterOptions,
  resolveMasterOptions,
  type StoreChoice,
} from './master/options.ts';
export {
  type ResolvedWorkerOptions,
  resolveWorkerOptions,
  Worker,
  type WorkerEnd,
  type WorkerEvent,
  type WorkerInfo,
  type WorkerOptions,
} from './worker/index.ts';
