import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AttemptCgroups } from './cgroups.ts';
import {
  attemptMarker,
  bootMs,
  type DeathNotice,
  type FromGuard,
  type GuardedCommand,
  type ToGuard,
  type Unguarded,
} from './guard-messages.ts';
import { markedProcesses } from './marked-processes.ts';

/**
 * The guard process: it starts a worker's commands and ends each when its deadline has passed, or when the worker is gone;
 * that it tells the master. It starts them itself, so that there is no moment at which a job runs that it doesn't know of.
 *
 * docs/decisions/0002-guard-process.md says what this covers and what not.
 */

interface Running {
  child: ChildProcess;
  marker: string;
  deadlineMs: number;
  unguarded?: Unguarded;
}

/** Looked at so often, because timers stand still while the machine is suspended. */
const lookIntervalMs = 250;
/** A process that left its group is looked for at most this often: each look reads every process's environment. */
const sweepIntervalMs = 1000;
/** How often the last look is repeated, while what it finds still forks. */
const lastSweeps = 50;
/** A killed process that has not ended by then hangs in the kernel: nobody is told, and its lease decides. */
const endWithinMs = 30_000;
const noticeWithinMs = 5000;
const longestPauseMs = 5000;
/** A master that doesn't answer for so long will find out by the leases. */
const noticeTriesMs = 600_000;

/** Where the worker listens for output: a worker that was killed can't remove it. */
const [, , socketFolder = '', workerId = ''] = process.argv;
const cgroups = AttemptCgroups.open(workerId);
const running = new Map<number, Running>();
const endedMarkers = new Set<string>();
let notice: DeathNotice | undefined;
let sweepIsDue = false;
let isLeaving = false;

function tell(message: FromGuard): void {
  // A worker that is gone is told nothing; 'disconnect' follows.
  if (process.connected) process.send?.(message, () => {});
}

function hear(message: ToGuard): void {
  if (message.do === 'notify') notice = message.notice;
  else if (message.do === 'extend') extend(message.id, message.deadlineMs);
  else if (message.do === 'signal' && message.signal === 'SIGKILL') kill(message.id);
  else if (message.do === 'signal') signalGroup(message.id, message.signal);
  else run(message).catch((error: Error) => tell({ is: 'not-started', id: message.id, reason: error.message }));
}

async function run({ id, command, deadlineMs }: ToGuard & { do: 'run' }): Promise<void> {
  const [stdout, stderr] = await Promise.all([connected(command.stdout), connected(command.stderr)]);
  try {
    // The worker may have gone, or the deadline have passed, while the sockets connected.
    if (!process.connected || bootMs() >= deadlineMs)
      tell({ is: 'not-started', id, reason: 'no heartbeat was acknowledged in time', unguarded: 'lease' });
    else start(id, command, deadlineMs, stdout, stderr);
  } finally {
    stdout.destroy();
    stderr.destroy();
  }
}

function start(id: number, command: GuardedCommand, deadlineMs: number, stdout: Socket, stderr: Socket): void {
  const { file, argv0, args, env, cwd } = command;
  const marker = env[attemptMarker] ?? '';
  const begin = () => spawn(file, args, { argv0, env, cwd, detached: true, stdio: ['ignore', stdout, stderr] });
  const child = cgroups ? cgroups.within(basename(marker), begin) : begin();
  child.once('error', (error) => tell({ is: 'not-started', id, reason: error.message }));
  if (child.pid === undefined) {
    cgroups?.remove(basename(marker));
    return;
  }
  running.set(id, { child, marker, deadlineMs });
  tell({ is: 'started', id, pid: child.pid });
  child.once('exit', (exitCode, signal) => ended(id, exitCode, signal));
}

function ended(id: number, exitCode: number | null, signal: NodeJS.Signals | null): void {
  const job = running.get(id);
  if (!job) return;
  // What it left behind in its group goes with it: the attempt is over. While there is such, the number isn't used again.
  kill(id);
  running.delete(id);
  endedMarkers.add(job.marker);
  sweepSoon();
  tell({ is: 'ended', id, exitCode, signal, ...(job.unguarded && { unguarded: job.unguarded }) });
}

function signalGroup(id: number, signal: NodeJS.Signals): void {
  const pid = running.get(id)?.child.pid;
  if (pid !== undefined) signalQuietly(-pid, signal);
}

/** Is there anything left to signal? */
function signalQuietly(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Ends a command and all that it has started, as far as that can be found. */
function kill(id: number): void {
  const job = running.get(id);
  if (!job) return;
  signalGroup(id, 'SIGKILL');
  cgroups?.kill(basename(job.marker));
}

function extend(id: number, deadlineMs: number): void {
  const job = running.get(id);
  if (job) job.deadlineMs = Math.max(job.deadlineMs, deadlineMs);
}

function endOverdue(): void {
  if (running.size === 0) return;
  const nowMs = bootMs();
  for (const [id, job] of running) {
    if (nowMs < job.deadlineMs) continue;
    job.unguarded = 'lease';
    kill(id);
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

/** Kills the processes of these attempts, and says whether there were any. */
function sweep(isOver: (marker: string) => boolean): boolean {
  if (cgroups) return ![...endedMarkers].filter(isOver).every((marker) => cgroups.remove(basename(marker)));
  const over = markedProcesses().filter(({ marker }) => isOver(marker));
  for (const { pid } of over) signalQuietly(pid, 'SIGKILL');
  return over.length > 0;
}

async function leave(): Promise<void> {
  // What fails now must not keep it.
  if (isLeaving) process.exit();
  isLeaving = true;
  const groups: number[] = [];
  for (const [id, { child, marker }] of running) {
    kill(id);
    if (child.pid !== undefined) groups.push(child.pid);
    endedMarkers.add(marker);
  }
  if (!cgroups) for (let i = 0; i < lastSweeps && endedMarkers.size > 0 && sweep(() => true); i++);
  rmSync(socketFolder, { recursive: true, force: true });
  const isOver = await haveEnded(groups);
  // The guard's own failure is the worker's to hear of.
  if (isOver && notice && !process.connected) await notifyMaster(notice);
  process.exit();
}

async function haveEnded(groups: number[]): Promise<boolean> {
  const untilMs = bootMs() + endWithinMs;
  // A cgroup is empty though dead processes wait for their parent; a group is not.
  const isThere = () => (cgroups ? !cgroups.removeAll() : groups.some((pid) => signalQuietly(-pid, 0)));
  while (isThere()) {
    if (bootMs() > untilMs) return false;
    await delay(10);
  }
  return true;
}

async function notifyMaster({ url, token, node, session }: DeathNotice): Promise<void> {
  const untilMs = bootMs() + noticeTriesMs;
  for (let pauseMs = 100; bootMs() < untilMs; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    const answer = await fetch(`${url.replace(/\/+$/, '')}/nodes/${node}/goodbye`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ session, workerDied: true }),
      signal: AbortSignal.timeout(noticeWithinMs),
      redirect: 'error',
    }).catch(() => undefined);
    // A refusal means that the worker runs again, or that its node is gone.
    if (answer && answer.status < 500) return;
    await delay(pauseMs);
  }
}

function connected(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(path, () => resolve(socket));
  socket.on('error', reject);
  return promise;
}

// A service manager or a terminal signals every process it knows; the worker decides when jobs end, and its end is ours.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => isLeaving && process.exit());
process.on('message', hear);
process.on('disconnect', leave);
// What it can't handle must not leave jobs unguarded.
process.on('uncaughtException', leave);
setInterval(endOverdue, lookIntervalMs);
tell({ is: 'ready' });
