import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { attemptMarker, type FromGuard, type GuardedCommand, monotonicMs, type ToGuard } from './guard-messages.ts';
import { markedProcesses } from './marked-processes.ts';

/**
 * The guard process: it starts a worker's commands and ends them when the worker is gone or the lease's deadline
 * has passed. It starts them itself, so that there is no moment at which a job runs that it doesn't know of.
 *
 * docs/decisions/0002-guard-process.md says what this covers and what not.
 */

interface Running {
  child: ChildProcess;
  marker: string | undefined;
  lapsed: boolean;
}

/** A process that left its group is looked for at most this often: each look reads every process's environment. */
const sweepIntervalMs = 1000;
/** How often the last look is repeated, while what it finds still forks. */
const lastSweeps = 50;

/** Where the worker listens for output: a worker that was killed can't remove it. */
const socketFolder = process.argv[2];
const running = new Map<number, Running>();
const endedMarkers = new Set<string>();
let deadlineMs = Number.NEGATIVE_INFINITY;
let deadlineTimer: NodeJS.Timeout | undefined;
let sweepIsDue = false;

function tell(message: FromGuard): void {
  // A worker that is gone is told nothing; 'disconnect' follows.
  if (process.connected) process.send?.(message, () => {});
}

function hear(message: ToGuard): void {
  if (message.do === 'lease') extend(message.deadlineMs);
  else if (message.do === 'signal') signalGroup(message.id, message.signal);
  else run(message.id, message.command).catch((error: Error) => notStarted(message.id, error.message, false));
}

async function run(id: number, command: GuardedCommand): Promise<void> {
  const [stdout, stderr] = await Promise.all([connected(command.stdout), connected(command.stderr)]);
  try {
    // The worker may have gone, or the deadline have passed, while the sockets connected.
    if (!process.connected || monotonicMs() >= deadlineMs) notStarted(id, 'the lease has lapsed', true);
    else start(id, command, stdout, stderr);
  } finally {
    stdout.destroy();
    stderr.destroy();
  }
}

function start(id: number, command: GuardedCommand, stdout: Socket, stderr: Socket): void {
  const { file, argv0, args, env, cwd } = command;
  const child = spawn(file, args, { argv0, env, cwd, detached: true, stdio: ['ignore', stdout, stderr] });
  child.once('error', (error) => notStarted(id, error.message, false));
  if (child.pid === undefined) return;
  running.set(id, { child, marker: env[attemptMarker], lapsed: false });
  tell({ is: 'started', id, pid: child.pid });
  child.once('exit', (exitCode, signal) => ended(id, exitCode, signal));
}

function ended(id: number, exitCode: number | null, signal: NodeJS.Signals | null): void {
  const job = running.get(id);
  if (!job) return;
  // What it left behind in its group goes with it: the attempt is over. While there is such, the number isn't used again.
  signalGroup(id, 'SIGKILL');
  running.delete(id);
  if (job.marker !== undefined) endedMarkers.add(job.marker);
  sweepSoon();
  tell({ is: 'ended', id, exitCode, signal, lapsed: job.lapsed });
}

function notStarted(id: number, reason: string, lapsed: boolean): void {
  tell({ is: 'not-started', id, reason, lapsed });
}

function signalGroup(id: number, signal: NodeJS.Signals): void {
  const pid = running.get(id)?.child.pid;
  if (pid !== undefined) signalQuietly(-pid, signal);
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Nothing left to signal.
  }
}

function extend(to: number): void {
  deadlineMs = Math.max(deadlineMs, to);
  clearTimeout(deadlineTimer);
  deadlineTimer = setTimeout(lapse, Math.max(0, deadlineMs - monotonicMs()));
}

function lapse(): void {
  if (monotonicMs() < deadlineMs) {
    extend(deadlineMs);
    return;
  }
  for (const [id, job] of running) {
    job.lapsed = true;
    signalGroup(id, 'SIGKILL');
  }
}

function sweepSoon(): void {
  if (sweepIsDue) return;
  sweepIsDue = true;
  setTimeout(() => {
    sweepIsDue = false;
    // What was found may have forked while the others were looked at.
    if (sweep((marker) => endedMarkers.has(marker))) sweepSoon();
    else endedMarkers.clear();
  }, sweepIntervalMs);
}

/** Kills the marked processes and says whether there were any. */
function sweep(isOver: (marker: string) => boolean): boolean {
  const over = markedProcesses().filter(({ marker }) => isOver(marker));
  for (const { pid } of over) signalQuietly(pid, 'SIGKILL');
  return over.length > 0;
}

function leave(): void {
  const markers = new Set(endedMarkers);
  for (const [id, { marker }] of running) {
    signalGroup(id, 'SIGKILL');
    if (marker !== undefined) markers.add(marker);
  }
  for (let i = 0; i < lastSweeps && markers.size > 0 && sweep((marker) => markers.has(marker)); i++);
  if (socketFolder !== undefined) rmSync(socketFolder, { recursive: true, force: true });
  process.exit();
}

function connected(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(path, () => resolve(socket));
  socket.on('error', reject);
  return promise;
}

// A service manager or a terminal signals every process it knows; the worker decides when jobs end, and its end is ours.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('message', hear);
process.on('disconnect', leave);
// What it can't handle must not leave jobs unguarded.
process.on('uncaughtException', leave);
tell({ is: 'ready' });
