import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AttemptRef,
  type ClaimedAttempt,
  Client,
  liveness,
  type NodeSession,
  ProblemError,
} from '@weighbridge/protocol';
import { StartError } from '../errors.ts';
import { messageOf, untilAnswered } from './answered.ts';
import { Attempt } from './attempt.ts';
import type { EndingReason } from './attempt-error.ts';
import { BlobCache } from './blob-cache.ts';
import { ClaimLoop } from './claim-loop.ts';
import { GuardKeeper } from './guard-keeper.ts';
import { monotonicMs } from './guard-messages.ts';
import { Heartbeats } from './heartbeats.ts';
import { parseEnvironment, type ResolvedWorkerOptions, resolveWorkerOptions, type WorkerOptions } from './options.ts';
import type { WorkerEvent } from './worker-event.ts';

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

/** Why a worker is no more. `name-taken`: another worker registered under its name. */
export type WorkerEnd = 'stopped' | 'name-taken';

/** All of stop() takes at most 4 s: what is not over then is killed, and comes back by its lease. */
const stopWithinMs = 3200;
/** A master that is gone as well must not hold the stop up. */
const goodbyeWithinMs = 400;
const registerAgainMs = 2000;

/**
 * Claims jobs from a master and runs them on this machine.
 *
 * @example
 * const worker = new Worker({ master: 'http://127.0.0.1:8080', token, allow: ['gzip'] });
 * await worker.start();
 * await worker.stop();
 */
export class Worker {
  readonly #options: ResolvedWorkerOptions;
  readonly #client: Client;
  readonly #cache: BlobCache;
  readonly #directory: string;
  readonly #attempts = new Set<Attempt>();
  readonly #stopping = new AbortController();
  readonly #ended = Promise.withResolvers<WorkerEnd>();
  readonly #guards: GuardKeeper;
  readonly #claims: ClaimLoop;
  #session: NodeSession | undefined;
  #heartbeats: Heartbeats | undefined;
  #claiming: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws OptionError */
  constructor(options: WorkerOptions) {
    this.#options = resolveWorkerOptions(options);
    const { master, token, name, workDir, cacheBytes } = this.#options;
    this.#client = new Client({ url: master, token, node: name });
    // By name, so that the workers of one machine can share a folder.
    const own = join(resolve(workDir), name);
    this.#directory = join(own, 'attempts');
    this.#cache = new BlobCache({
      directory: join(own, 'blobs'),
      maxBytes: cacheBytes,
      fetch: (sha256, attempt, signal) => this.#client.blob(sha256, attempt, signal),
    });
    this.#guards = new GuardKeeper(
      () => this.#event('guard-lost', 'the guard process has ended: what it guarded is given back, another is started'),
      () => this.#claims.wake(),
    );
    this.#claims = new ClaimLoop({
      client: this.#client,
      ready: () => this.#readyToClaim(),
      onClaimed: (attempts, session) => this.#begin(attempts, session),
      onSessionLost: (session, error) => this.#loseSession(session, error),
      signal: this.#stopping.signal,
    });
  }

  /** Settles when the worker has ended, by stop() or because its name was taken; never rejects. */
  get ended(): Promise<WorkerEnd> {
    return this.#ended.promise;
  }

  /**
   * Registers and begins to claim.
   *
   * @throws StartError; nothing is left running then.
   */
  async start(): Promise<WorkerInfo> {
    await this.#openDirectories();
    await this.#guards.start().catch((cause) => {
      throw new StartError('guard-failed', messageOf(cause), { cause });
    });
    await this.#register().catch(async (cause) => {
      await this.stop();
      throw new StartError('master-refused', messageOf(cause), { cause });
    });
    this.#claiming = this.#claims.run();
    const { name, master, queues, slots, allow, workDir } = this.#options;
    return { name, master, queues, slots, allow, workDir, guardPid: this.#guards.guard?.pid ?? 0 };
  }

  /** Gives back what runs and ends, within 4 s. */
  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown('released', 'stopped');
    return this.#stopped;
  }

  async #shutDown(reason: EndingReason, end: WorkerEnd): Promise<void> {
    this.#stopping.abort();
    for (const attempt of this.#attempts) attempt.end(reason);
    // The heartbeats go on meanwhile: what is being given back is still this worker's.
    await Promise.race([this.#allDone(), delay(stopWithinMs, undefined, { ref: false })]);
    this.#heartbeats?.stop();
    this.#abandonAll();
    await this.#guards.stop();
    await Promise.all([this.#allDone(), this.#claiming]);
    await this.#sayGoodbye();
    this.#event('stopped', `the worker ${this.#options.name} has stopped`);
    this.#ended.resolve(end);
  }

  /** Last of all, so that the node is `stopped` and not `lost`. A master that doesn't answer finds out by the lease. */
  async #sayGoodbye(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const goodbye = this.#client.goodbye(
      session.id,
      { session: session.session },
      AbortSignal.timeout(goodbyeWithinMs),
    );
    await goodbye.catch(() => undefined);
  }

  #allDone(): Promise<unknown> {
    return Promise.all([...this.#attempts].map(({ done }) => done));
  }

  async #openDirectories(): Promise<void> {
    try {
      // What a worker that was killed left behind.
      await rm(this.#directory, { recursive: true, force: true });
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await this.#cache.open();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const message = `the worker can't write to ${this.#options.workDir} (${code}); choose another --work-dir`;
      throw new StartError('data-unwritable', message, { cause });
    }
  }

  async #register(): Promise<void> {
    const { name, queues, slots } = this.#options;
    const registeredMs = monotonicMs();
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(liveness.leaseSeconds * 1000)]);
    const session = await this.#client.register({ name, queues: [...queues], slots }, signal);
    this.#session = session;
    this.#heartbeats = new Heartbeats({
      client: this.#client,
      session,
      registeredMs,
      running: () => [...this.#attempts].map(({ ref }) => ref),
      onAcknowledged: (deadlineMs) => {
        this.#guards.extend(deadlineMs);
        this.#claims.wake();
      },
      onEnd: (attempts) => this.#end(attempts),
      onSilent: (why) => this.#fallSilent(why),
      onBack: () => this.#event('master-back', 'the master acknowledges heartbeats again'),
      onLapsed: () => this.#abandonAll(),
      onSessionLost: (error) => this.#loseSession(session, error),
    });
    this.#heartbeats.start();
    this.#event('registered', `registered as ${name} for ${queues.join(', ')}`);
  }

  #end(attempts: AttemptRef[]): void {
    for (const { jobId, attempt } of attempts) {
      for (const own of this.#attempts) {
        if (own.ref.jobId === jobId && own.ref.attempt === attempt) own.end('cancelled');
      }
    }
  }

  #fallSilent(why: string): void {
    this.#event('master-silent', `the master acknowledges no heartbeat, so what runs is ended: ${why}`);
    for (const attempt of this.#attempts) attempt.end('silent');
  }

  #abandonAll(): void {
    for (const attempt of this.#attempts) attempt.abandon();
  }

  #loseSession(session: NodeSession, error: unknown): void {
    if (this.#session !== session || this.#stopping.signal.aborted) return;
    this.#session = undefined;
    this.#heartbeats?.stop();
    for (const attempt of this.#attempts) attempt.end('stale');
    this.#event('session-lost', `what runs is ended: ${messageOf(error)}`);
    // Taking the name back would take it from the other in turn, without end.
    const taken = error instanceof ProblemError && error.code === 'stale-session';
    if (taken) this.#stopped ??= this.#shutDown('stale', 'name-taken');
    else this.#registerAgain();
  }

  /** The master has forgotten this node: it was deleted, or its data were. */
  async #registerAgain(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      await untilAnswered(() => this.#register(), signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#event('warning', `the master refuses the worker: ${messageOf(error)}`);
      setTimeout(() => this.#registerAgain(), registerAgainMs).unref();
    }
  }

  #freeSlots(): number {
    let free = this.#options.slots;
    for (const { slots } of this.#attempts) free -= slots;
    return free;
  }

  #readyToClaim(): { session: NodeSession; slots: number } | undefined {
    const session = this.#session;
    const slots = this.#freeSlots();
    return session && slots > 0 && this.#guards.guard && !this.#heartbeats?.silent ? { session, slots } : undefined;
  }

  #begin(claimed: ClaimedAttempt[], { session }: NodeSession): void {
    const { guard } = this.#guards;
    // Not begun, and so given back by its lease.
    if (!guard || this.#session?.session !== session || this.#stopping.signal.aborted) return;
    const { allow, onEvent } = this.#options;
    const env = parseEnvironment(this.#options.env);
    const surroundings = { client: this.#client, cache: this.#cache, directory: this.#directory };
    for (const one of claimed) {
      const hasRoom = one.slots <= this.#freeSlots();
      const attempt = new Attempt(one, { ...surroundings, session, guard, allow, env, onEvent });
      this.#follow(attempt);
      if (!hasRoom) attempt.end('no-room');
    }
  }

  #follow(attempt: Attempt): void {
    this.#attempts.add(attempt);
    attempt.done.then(() => {
      this.#attempts.delete(attempt);
      this.#claims.wake();
    });
  }

  #event(type: WorkerEvent['type'], message: string): void {
    this.#options.onEvent({ type, message });
  }
}
