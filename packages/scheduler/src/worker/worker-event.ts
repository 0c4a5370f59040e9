import type { AttemptOutcome, AttemptRef } from '@weighbridge/protocol';

/** What a started worker is. */
export interface WorkerInfo {
  readonly name: string;
  readonly master: string;
  readonly queues: readonly string[];
  readonly slots: number;
  readonly allow: readonly string[];
  readonly workDir: string;
  /** The process that ends this worker's jobs should the worker be gone. */
  readonly guardPid: number;
}

/** What a worker did. Whoever shows it finds the words; `error` is what the system or the master said, in one sentence. */
export type WorkerEvent =
  | { type: 'started'; worker: WorkerInfo }
  /** The operator has drained this node: it is given no jobs. */
  | { type: 'draining'; name: string }
  | { type: 'registered-again'; name: string }
  | { type: 'attempt-started'; attempt: AttemptRef; command: string }
  | { type: 'attempt-ended'; attempt: AttemptRef; command: string; outcome: AttemptOutcome; reason?: string }
  /** The master goes on without it: nothing more of it is reported. */
  | { type: 'attempt-stale'; attempt: AttemptRef }
  | { type: 'log-refused'; attempt: AttemptRef; error: string }
  | { type: 'result-refused'; attempt: AttemptRef; error: string }
  | { type: 'directory-left'; attempt: AttemptRef; error: string }
  | { type: 'leftovers-ended'; count: number }
  | { type: 'master-silent'; error: string }
  | { type: 'master-back' }
  | { type: 'session-lost'; reason: 'taken-over' | 'unknown-node'; error: string }
  | { type: 'registration-refused'; error: string }
  | { type: 'guard-lost' }
  | { type: 'stopped'; name: string };
