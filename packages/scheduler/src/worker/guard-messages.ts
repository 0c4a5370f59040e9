// The guard runs by itself, from source as from dist: only Node's modules and relative files may be imported here.
import { uptime } from 'node:os';

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

/**
 * Why a command was ended, or not started, that neither failed nor was told to end. `lease`: its deadline had passed.
 * `guard`: the guard had died.
 */
export type Unguarded = 'lease' | 'guard';

/** How a guarded command ended. */
export interface GuardedExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  unguarded?: Unguarded;
}

/** Whom the guard tells that its worker has died. */
export interface DeathNotice {
  url: string;
  token: string;
  node: string;
  session: string;
}

/** Deadlines are in {@link bootMs}. */
export type ToGuard =
  | { do: 'run'; id: number; command: GuardedCommand; deadlineMs: number }
  | { do: 'extend'; id: number; deadlineMs: number }
  | { do: 'signal'; id: number; signal: NodeJS.Signals }
  /** Without a notice nobody is told: the worker ends in good order. */
  | { do: 'notify'; notice: DeathNotice | undefined };

export type FromGuard =
  | { is: 'ready' }
  | { is: 'started'; id: number; pid: number }
  | { is: 'not-started'; id: number; reason: string; unguarded?: Unguarded }
  | ({ is: 'ended'; id: number } & GuardedExit);

/** The name of the variable by which a job's processes are found again: `<worker's id>/<attempt's directory>`. */
export const attemptMarker = 'WEIGHBRIDGE_ATTEMPT';

/**
 * Milliseconds since the machine's start, the same in all its processes. It goes on while the machine is suspended, unlike
 * Node's own clocks and timers; nobody sets it. To 10 ms on Linux, to a second on macOS.
 */
export function bootMs(): number {
  return Math.floor(uptime() * 1000);
}
