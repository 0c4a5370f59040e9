// The guard runs by itself, from source as from dist: only Node's modules and relative files may be imported here.

/** What the guard is to start. `stdout` and `stderr` are unix sockets that the worker listens on. */
export interface GuardedCommand {
  file: string;
  argv0: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  stdout: string;
  stderr: string;
}

/** How a guarded command ended. `lapsed`: the guard killed it, because the lease's deadline had passed. */
export interface GuardedExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  lapsed: boolean;
}

export type ToGuard =
  | { do: 'run'; id: number; command: GuardedCommand }
  | { do: 'signal'; id: number; signal: NodeJS.Signals }
  /** Until when, by {@link monotonicMs}, commands may run. */
  | { do: 'lease'; deadlineMs: number };

export type FromGuard =
  | { is: 'ready' }
  | { is: 'started'; id: number; pid: number }
  | { is: 'not-started'; id: number; reason: string; lapsed: boolean }
  | ({ is: 'ended'; id: number } & GuardedExit);

/** The name of the variable by which a job's processes are found again. */
export const attemptMarker = 'WEIGHBRIDGE_ATTEMPT';

/** Milliseconds on a clock that worker and guard share and that no one sets; `performance.now()` is each process's own. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
