export { type ResolvedWorkerOptions, resolveWorkerOptions, type WorkerOptions } from './options.ts';
export { Worker, type WorkerEnd } from './worker.ts';
export type { WorkerEvent, WorkerInfo } from './worker-event.ts';
