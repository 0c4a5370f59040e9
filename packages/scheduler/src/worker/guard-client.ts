import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AttemptCgroups } from './cgroups.ts';
import {
  attemptMarker,
  type DeathNotice,
  type FromGuard,
  type GuardedCommand,
  type GuardedExit,
  type ToGuard,
  type Unguarded,
} from './guard-messages.ts';
import { markedProcesses } from './marked-processes.ts';
import { openOutputPipe } from './output-pipe.ts';

/** A command that runs under the guard. */
export interface GuardedProcess {
  pid: number;
  stdout: Socket;
  stderr: Socket;
  /** Settles once; never rejects. */
  ended: Promise<GuardedExit>;
  /** To its whole process group. */
  signal(signal: NodeJS.Signals): void;
  /** It may run until `deadlineMs` of `bootMs`. */
  extend(deadlineMs: number): void;
}

/** The guard did not start a command; for the command's own sake, unless `unguarded` says otherwise. */
export class NotStartedError extends Error {
  readonly code = 'not-started';
  readonly unguarded: Unguarded | undefined;
  constructor(message: string, unguarded?: Unguarded) {
    super(message);
    this.name = 'NotStartedError';
    this.unguarded = unguarded;
  }
}

interface Entry {
  marker: string | undefined;
  pid?: number;
  started: PromiseWithResolvers<number>;
  ended: PromiseWithResolvers<GuardedExit>;
}

const startWithinMs = 10_000;
// From source it is a .ts beside this one, from dist a .js.
const guardPath = fileURLToPath(new URL(`./guard${extname(import.meta.url)}`, import.meta.url));

/** The worker's side of its guard process (guard.ts). */
export class Guard {
  readonly #process: ChildProcess;
  readonly #directory: string;
  readonly #workerId: string;
  readonly #entries = new Map<number, Entry>();
  /** Settles when the guard process has ended, however it did. */
  readonly gone: Promise<void>;
  #nextId = 1;

  private constructor(child: ChildProcess, directory: string, workerId: string) {
    this.#process = child;
    this.#workerId = workerId;
    this.#directory = directory;
    child.on('message', (message) => this.#hear(message as FromGuard));
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    child.once('exit', () => resolve());
    // Also a message to a guard that has just ended: only then 'exit' follows.
    child.on('error', () => child.pid === undefined && resolve());
    this.gone = exited.then(() => this.#lost());
  }

  static async start(workerId: string): Promise<Guard> {
    // Under the system's folder for temporary files, because a unix socket's path has at most 107 bytes.
    const directory = await mkdtemp(join(tmpdir(), 'weighbridge-'));
    // Hardly any environment: NODE_OPTIONS is meant for the worker. Its folder is no one's, so that it holds none.
    const { NODE_EXTRA_CA_CERTS: authorities } = process.env;
    const child = spawn(process.execPath, [guardPath, directory, workerId], {
      cwd: '/',
      detached: true,
      env: authorities === undefined ? {} : { NODE_EXTRA_CA_CERTS: authorities },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const guard = new Guard(child, directory, workerId);
    const ready = once(child, 'message', { signal: AbortSignal.timeout(startWithinMs) });
    if (await Promise.race([ready, guard.gone]).catch(() => undefined)) return guard;
    child.kill('SIGKILL');
    throw new Error(`the worker's guard process did not start within ${startWithinMs / 1000} s`);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Says whom to tell should the worker die. */
  notify(notice: DeathNotice | undefined): void {
    this.#tell({ do: 'notify', notice });
  }

  /**
   * Starts a command that may run until `deadlineMs` of `bootMs`.
   *
   * @throws NotStartedError with the system's reason.
   */
  async run(command: Omit<GuardedCommand, 'stdout' | 'stderr'>, deadlineMs: number): Promise<GuardedProcess> {
    const id = this.#nextId++;
    const [out, err] = await Promise.all(
      ['out', 'err'].map((s) => openOutputPipe(join(this.#directory, `${id}.${s}`))),
    );
    if (!out || !err) throw new Error('unreachable');
    const entry: Entry = {
      marker: command.env[attemptMarker],
      started: Promise.withResolvers(),
      ended: Promise.withResolvers(),
    };
    this.#entries.set(id, entry);
    this.#tell({ do: 'run', id, command: { ...command, stdout: out.path, stderr: err.path }, deadlineMs });
    try {
      const pid = await entry.started.promise;
      const [stdout, stderr] = await Promise.all([out.stream, err.stream]);
      return {
        pid,
        stdout,
        stderr,
        ended: entry.ended.promise,
        signal: (signal) => this.#tell({ do: 'signal', id, signal }),
        extend: (to) => this.#tell({ do: 'extend', id, deadlineMs: to }),
      };
    } catch (error) {
      out.close();
      err.close();
      throw error;
    }
  }

  /** Ends the guard, and with it every command that it still runs. */
  async stop(): Promise<void> {
    this.notify(undefined);
    if (this.#process.connected) this.#process.disconnect();
    await this.gone;
  }

  #tell(message: ToGuard): void {
    if (this.#process.connected) this.#process.send(message);
    else if (message.do === 'run')
      this.#entries.get(message.id)?.started.reject(new NotStartedError('the guard process has ended', 'guard'));
  }

  #hear(message: FromGuard): void {
    if (message.is === 'ready') return;
    const entry = this.#entries.get(message.id);
    if (!entry) return;
    if (message.is === 'started') {
      entry.pid = message.pid;
      entry.started.resolve(message.pid);
      return;
    }
    this.#entries.delete(message.id);
    if (message.is === 'not-started') entry.started.reject(new NotStartedError(message.reason, message.unguarded));
    else {
      const { exitCode, signal, unguarded } = message;
      entry.ended.resolve({ exitCode, signal, ...(unguarded && { unguarded }) });
    }
  }

  /** The guard is gone: nothing may run unguarded. */
  async #lost(): Promise<void> {
    const markers = new Set<string>();
    if (this.#entries.size > 0) AttemptCgroups.open(this.#workerId)?.killAll();
    for (const { pid, marker, started, ended } of this.#entries.values()) {
      if (pid !== undefined) killQuietly(-pid);
      if (marker !== undefined) markers.add(marker);
      started.reject(new NotStartedError('the guard process has ended', 'guard'));
      ended.resolve({ exitCode: null, signal: 'SIGKILL', unguarded: 'guard' });
    }
    this.#entries.clear();
    for (const { pid, marker } of markers.size > 0 ? markedProcesses() : []) if (markers.has(marker)) killQuietly(pid);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Nothing left to kill.
  }
}
