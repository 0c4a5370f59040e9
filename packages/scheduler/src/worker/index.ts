export { Worker, type WorkerEnd } from './worker.ts';
export type { WorkerEvent, WorkerInfo } from './worker-event.ts';
export { type ResolvedWorkerOptions, resolveWorkerOptions, type WorkerOptions } from './worker-options.ts';
