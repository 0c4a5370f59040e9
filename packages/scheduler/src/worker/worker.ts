import { setTimeout as delay } from 'node:timers/promises';
import { type AttemptRef, type ClaimedAttempt, Client, type NodeSession, ProblemError } from '@weighbridge/protocol';
import { StartError } from '../errors.ts';
import { messageOf, untilAnswered } from './answered.ts';
import { Attempt } from './attempt.ts';
import type { EndingReason } from './attempt-error.ts';
import { BlobCache } from './blob-cache.ts';
import { ClaimLoop } from './claim-loop.ts';
import { GuardKeeper } from './guard-keeper.ts';
import { bootMs } from './guard-messages.ts';
import { Heartbeats } from './heartbeats.ts';
import { endLeftovers } from './leftovers.ts';
import { clearAttempts, openWorkFolder, type WorkFolder } from './work-folder.ts';
import type { WorkerEvent, WorkerInfo } from './worker-event.ts';
import {
  parseEnvironment,
  type ResolvedWorkerOptions,
  resolveWorkerOptions,
  type WorkerOptions,
} from './worker-options.ts';

/** Why a worker is no more. `name-taken`: another worker took its name over. */
export type WorkerEnd = 'stopped' | 'name-taken';

/** All of stop() takes at most 4 s: what is not over then is killed, and comes back by its lease. */
const stopWithinMs = 3200;
/** A master that is gone as well must not hold the stop up. */
const goodbyeWithinMs = 400;
const registerWithinMs = 10_000;
const registerAgainMs = 2000;

/** What a worker works with from its start on. */
interface Started {
  readonly folder: WorkFolder;
  readonly client: Client;
  readonly cache: BlobCache;
  readonly claims: ClaimLoop;
}

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
  readonly #attempts = new Set<Attempt>();
  readonly #stopping = new AbortController();
  readonly #ended = Promise.withResolvers<WorkerEnd>();
  readonly #guards: GuardKeeper;
  #started: Started | undefined;
  #session: NodeSession | undefined;
  #heartbeats: Heartbeats | undefined;
  #claiming: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws OptionError */
  constructor(options: WorkerOptions) {
    this.#options = resolveWorkerOptions(options);
    this.#guards = new GuardKeeper(
      () => this.#event({ type: 'guard-lost' }),
      () => this.#started?.claims.wake(),
    );
  }

  /** Settles when the worker has ended, by stop() or because its name was taken over; never rejects. */
  get ended(): Promise<WorkerEnd> {
    return this.#ended.promise;
  }

  /**
   * Registers and begins to claim.
   *
   * @throws StartError; nothing is left running then.
   */
  async start(): Promise<WorkerInfo> {
    try {
      const started = await this.#prepare();
      await this.#register(started, this.#options.takeOver).catch((cause) => {
        throw new StartError({ code: 'master-refused', reason: messageOf(cause) }, { cause });
      });
      this.#claiming = started.claims.run();
      const { master, queues, slots, allow, workDir } = this.#options;
      const guardPid = this.#guards.guard?.pid ?? 0;
      const info = { name: started.folder.name, master, queues, slots, allow, workDir, guardPid };
      this.#event({ type: 'started', worker: info });
      return info;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Gives back what runs and ends, within 4 s. */
  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown('released', 'stopped');
    return this.#stopped;
  }

  // The folder first: who holds its lock may end what an earlier worker left, and then says so with the secret in it.
  async #prepare(): Promise<Started> {
    const { master, token, name, workDir, cacheBytes } = this.#options;
    const folder = await openWorkFolder(workDir, name);
    const client = new Client({ url: master, token, node: folder.name });
    const fetch: ConstructorParameters<typeof BlobCache>[0]['fetch'] = (sha256, attempt, signal) =>
      client.blob(sha256, attempt, signal);
    const cache = new BlobCache({ directory: folder.blobs, maxBytes: cacheBytes, fetch });
    const claims = new ClaimLoop({
      client,
      ready: () => this.#readyToClaim(),
      onClaimed: (attempts, session, claimedMs) => this.#begin(attempts, session, claimedMs),
      onSessionLost: (session, error) => this.#loseSession(session, error),
      signal: this.#stopping.signal,
    });
    this.#started = { folder, client, cache, claims };
    const leftovers = await endLeftovers(folder.id);
    if (leftovers > 0) this.#event({ type: 'leftovers-ended', count: leftovers });
    await clearAttempts(folder);
    await cache.open().catch((cause) => {
      const reason = messageOf(cause);
      throw new StartError({ code: 'data-unwritable', option: 'workDir', path: folder.blobs, reason }, { cause });
    });
    await this.#guards.start(folder.id).catch((cause) => {
      throw new StartError({ code: 'guard-failed', reason: messageOf(cause) }, { cause });
    });
    return this.#started;
  }

  async #shutDown(reason: EndingReason, end: WorkerEnd): Promise<void> {
    this.#stopping.abort();
    for (const attempt of this.#attempts) attempt.end(reason);
    // The heartbeats go on meanwhile: what is being given back is still this worker's.
    await Promise.race([this.#allDone(), delay(stopWithinMs, undefined, { ref: false })]);
    this.#heartbeats?.stop();
    for (const attempt of this.#attempts) attempt.end('stale');
    await this.#guards.stop();
    await Promise.all([this.#allDone(), this.#claiming]);
    await this.#sayGoodbye();
    await this.#started?.folder.release();
    if (this.#started && this.#claiming) this.#event({ type: 'stopped', name: this.#started.folder.name });
    this.#ended.resolve(end);
  }

  /** Last of all, so that the node is `stopped` and not `lost`. A master that doesn't answer finds out by the lease. */
  async #sayGoodbye(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const signal = AbortSignal.timeout(goodbyeWithinMs);
    await this.#started?.client.goodbye(session.id, { session: session.session }, signal).catch(() => undefined);
  }

  #allDone(): Promise<unknown> {
    return Promise.all([...this.#attempts].map(({ done }) => done));
  }

  async #register({ folder, client, claims }: Started, takeOver: boolean): Promise<void> {
    const { master: url, token, queues, slots } = this.#options;
    const { name, secret } = folder;
    const registeredMs = bootMs();
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(registerWithinMs)]);
    const session = await client.register({ name, queues: [...queues], slots, secret, takeOver }, signal);
    this.#session = session;
    if (session.draining) this.#event({ type: 'draining', name });
    this.#guards.notify({ url, token, node: session.id, session: session.session });
    this.#heartbeats = new Heartbeats({
      client,
      session,
      registeredMs,
      running: () => [...this.#attempts],
      onSilent: (error) => this.#event({ type: 'master-silent', error }),
      onAcknowledged: (isBack) => {
        if (isBack) this.#event({ type: 'master-back' });
        claims.wake();
      },
      onSessionLost: (error) => this.#loseSession(session, error),
    });
    this.#heartbeats.start();
  }

  #loseSession(session: NodeSession, error: unknown): void {
    if (this.#session !== session || this.#stopping.signal.aborted) return;
    this.#session = undefined;
    this.#heartbeats?.stop();
    for (const attempt of this.#attempts) attempt.end('session-lost');
    // Taking the name back would take it from the other in turn, without end.
    const isTaken = error instanceof ProblemError && error.code === 'stale-session';
    this.#event({ type: 'session-lost', reason: isTaken ? 'taken-over' : 'unknown-node', error: messageOf(error) });
    if (isTaken) this.#stopped ??= this.#shutDown('session-lost', 'name-taken');
    else void this.#registerAgain();
  }

  /** The master has forgotten this node: it was deleted, or its data were. */
  async #registerAgain(): Promise<void> {
    const { signal } = this.#stopping;
    const started = this.#started;
    if (!started) return;
    try {
      await untilAnswered(() => this.#register(started, false), signal);
      this.#event({ type: 'registered-again', name: started.folder.name });
      started.claims.wake();
    } catch (error) {
      if (signal.aborted) return;
      this.#event({ type: 'registration-refused', error: messageOf(error) });
      setTimeout(() => void this.#registerAgain(), registerAgainMs).unref();
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

  #begin(claimed: ClaimedAttempt[], { session }: NodeSession, claimedMs: number): void {
    const { guard } = this.#guards;
    const started = this.#started;
    // A worker that stops gives all back with its goodbye.
    if (!started || this.#stopping.signal.aborted) return;
    const { client, cache, folder } = started;
    if (!guard || this.#session?.session !== session) {
      this.#giveBack(claimed, session, client);
      return;
    }
    const { allow, onEvent } = this.#options;
    const env = parseEnvironment(this.#options.env);
    const { name } = folder;
    const surroundings = {
      client,
      name,
      cache,
      directory: folder.attempts,
      workerId: folder.id,
      session,
      guard,
      allow,
      env,
    };
    for (const one of claimed.filter((each) => !this.#runs(each))) {
      const hasRoom = one.slots <= this.#freeSlots();
      const attempt = new Attempt(one, claimedMs, { ...surroundings, onEvent });
      this.#follow(attempt);
      if (!hasRoom) attempt.end('no-room');
    }
    this.#heartbeats?.reschedule();
  }

  /** One that an unanswered claim opened may have come by an answer that was late. */
  #runs({ jobId, attempt }: AttemptRef): boolean {
    return [...this.#attempts].some(({ ref }) => ref.jobId === jobId && ref.attempt === attempt);
  }

  /** What can't be begun now doesn't wait for its lease. */
  #giveBack(claimed: ClaimedAttempt[], session: string, client: Client): void {
    const { signal } = this.#stopping;
    const result = { session, outcome: 'released', reason: 'the worker could not begin it' } as const;
    for (const { jobId, attempt } of claimed)
      untilAnswered(() => client.result({ jobId, attempt }, result, signal), signal).catch(() => undefined);
  }

  #follow(attempt: Attempt): void {
    this.#attempts.add(attempt);
    attempt.done.then(() => {
      this.#attempts.delete(attempt);
      this.#started?.claims.wake();
    });
  }

  #event(event: WorkerEvent): void {
    this.#options.onEvent(event);
  }
}
