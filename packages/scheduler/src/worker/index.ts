export { type ResolvedWorkerOptions, resolveWorkerOptions, type WorkerOptions } from './options.ts';
export { Worker, type WorkerEnd, type WorkerInfo } from './worker.ts';
export type { WorkerEvent } from './worker-event.ts';
