import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { AttemptRef, AttemptResult, ClaimedAttempt, Client, OutputFile } from '@weighbridge/protocol';
import { isStale, messageOf, untilAnswered } from './answered.ts';
import { AttemptError, Ending, type EndingReason } from './attempt-error.ts';
import { AttemptLease } from './attempt-lease.ts';
import type { BlobCache } from './blob-cache.ts';
import { refusalOf, resolveCommand } from './command.ts';
import { type Guard, NotStartedError } from './guard-client.ts';
import { attemptMarker, type GuardedExit } from './guard-messages.ts';
import { sendLog } from './log-sender.ts';
import { findOutputs, sendOutput } from './outputs.ts';
import { resultOf } from './result-of.ts';
import { runCommand } from './run-command.ts';
import type { WorkerEvent } from './worker-event.ts';

/** What an attempt needs from its worker. */
export interface AttemptSurroundings {
  readonly client: Client;
  /** The node's name. */
  readonly name: string;
  readonly session: string;
  readonly workerId: string;
  readonly guard: Guard;
  readonly cache: BlobCache;
  /** In it each attempt makes a directory of its own. */
  readonly directory: string;
  readonly allow: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly onEvent: (event: WorkerEvent) => void;
}

/** One try at a job, from its claim to its acknowledged result. */
export class Attempt {
  readonly ref: AttemptRef;
  readonly slots: number;
  /** Settles when all is over; never rejects. */
  readonly done: Promise<void>;
  readonly heartbeatSeconds: number;
  readonly #claimed: ClaimedAttempt;
  readonly #lease: AttemptLease;
  readonly #with: AttemptSurroundings;
  readonly #ending = new AbortController();
  readonly #abandoned = new AbortController();
  #directory: string | undefined;
  #exit: GuardedExit | undefined;

  /** `claimedMs`: a moment of `bootMs` before the claim. */
  constructor(claimed: ClaimedAttempt, claimedMs: number, surroundings: AttemptSurroundings) {
    this.ref = { jobId: claimed.jobId, attempt: claimed.attempt };
    this.slots = claimed.slots;
    this.heartbeatSeconds = claimed.heartbeatSeconds;
    this.#claimed = claimed;
    this.#lease = new AttemptLease(claimed.leaseSeconds, claimedMs);
    this.#with = surroundings;
    this.done = this.#run();
  }

  /** Ends it in good order, and says so in its result. The first reason stands; of a stale one nothing more is told. */
  end(reason: EndingReason): void {
    this.#ending.abort(new Ending(reason));
    if (reason === 'stale') this.#abandoned.abort(new Ending('stale'));
  }

  /** The master keeps it, by a heartbeat that was sent at `sentMs` of `bootMs`. */
  acknowledge(sentMs: number): void {
    this.#lease.acknowledge(sentMs);
  }

  async #run(): Promise<void> {
    // The whole attempt counts, with the way of its files: a stalled transfer ends as well.
    const timeout = setTimeout(() => this.end('timed_out'), this.#claimed.timeoutSeconds * 1000);
    this.#event({ type: 'attempt-started', attempt: this.ref, command: this.#claimed.command });
    const result = await this.#execute().catch((error: unknown) => this.#resultOf(error));
    clearTimeout(timeout);
    await this.#clean();
    await this.#report(result);
  }

  async #execute(): Promise<Omit<AttemptResult, 'session'>> {
    const { allow, env, directory, name } = this.#with;
    const refusal = refusalOf(this.#claimed, allow, name);
    if (refusal !== undefined) return { outcome: 'refused', reason: refusal };
    const { command, jobId, attempt } = this.#claimed;
    const file = await resolveCommand(command, env.PATH ?? '');
    if (file === undefined)
      throw new AttemptError(`the command ${JSON.stringify(command)} is in no folder of the worker's PATH`);
    this.#directory = await mkdtemp(join(directory, `${basename(jobId)}-${attempt}-`));
    await this.#placeInputs(this.#directory);
    this.#exit = await this.#runCommand(file, this.#directory);
    this.#ending.signal.throwIfAborted();
    if (this.#exit.unguarded) throw new Ending(this.#exit.unguarded);
    if (this.#exit.exitCode !== 0) return resultOf('failed', this.#exit, this.#claimed);
    return { ...resultOf('succeeded', this.#exit, this.#claimed), outputs: await this.#sendOutputs(this.#directory) };
  }

  async #placeInputs(directory: string): Promise<void> {
    for (const { name, sha256 } of this.#claimed.inputs) {
      // The master checks it too, but what it says is not what keeps this machine's files apart.
      if (basename(name) !== name || name === '.' || name === '..') {
        throw new AttemptError(`an input's name must be a plain file name, got ${JSON.stringify(name)}`);
      }
      await this.#with.cache.copyTo(sha256, join(directory, name), this.ref, this.#ending.signal);
    }
  }

  #runCommand(file: string, cwd: string): Promise<GuardedExit> {
    const { command, args, env } = this.#claimed;
    const marker = { [attemptMarker]: `${this.#with.workerId}/${basename(cwd)}` };
    return runCommand({
      guard: this.#with.guard,
      // The operator's word stands over the job's.
      command: { file, argv0: command, args, env: { ...env, ...this.#with.env, ...marker }, cwd },
      lease: this.#lease,
      ending: this.#ending.signal,
      send: (stream, source) => this.#sendLog(stream, source),
    });
  }

  #sendLog(
    stream: 'stdout' | 'stderr' | 'system',
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const onRefused = (error: unknown) => {
      if (isStale(error)) this.end('stale');
      else this.#event({ type: 'log-refused', attempt: this.ref, error: messageOf(error) });
    };
    const { client } = this.#with;
    return sendLog({ client, attempt: this.ref, stream, signal: this.#abandoned.signal, onRefused }, source);
  }

  async #sendOutputs(directory: string): Promise<OutputFile[]> {
    const files = await findOutputs(directory, this.#claimed);
    const sent = [];
    for (const [name, path] of files) {
      sent.push(await sendOutput(this.#with.client, this.ref, name, path, this.#ending.signal));
    }
    return sent;
  }

  /** The result of an attempt that was ended or went wrong. */
  #resultOf(error: unknown): Omit<AttemptResult, 'session'> {
    // Whatever went wrong once it was being ended did so because of that.
    const cause = this.#ending.signal.aborted ? this.#ending.signal.reason : error;
    if (cause instanceof Ending) return resultOf(cause.reason, this.#exit, this.#claimed);
    if (cause instanceof NotStartedError && cause.unguarded) return resultOf(cause.unguarded, undefined, this.#claimed);
    const what = cause instanceof NotStartedError ? 'the command could not be started: ' : '';
    return { ...resultOf('failed', this.#exit, this.#claimed), reason: `${what}${messageOf(cause)}`.slice(0, 2000) };
  }

  async #report(result: Omit<AttemptResult, 'session'>): Promise<void> {
    try {
      await this.#send(result);
    } catch (error) {
      if (this.#abandoned.signal.aborted || isStale(error))
        return this.#event({ type: 'attempt-stale', attempt: this.ref });
      await this.#reportRefusal(messageOf(error));
      return;
    }
    const { outcome, reason } = result;
    const { command } = this.#claimed;
    this.#event({
      type: 'attempt-ended',
      attempt: this.ref,
      command,
      outcome,
      ...(reason !== undefined && { reason }),
    });
  }

  async #reportRefusal(error: string): Promise<void> {
    const reason = `the master refused the result: ${error}`.slice(0, 2000);
    this.#event({ type: 'result-refused', attempt: this.ref, error });
    await this.#send({ ...resultOf('failed', this.#exit, this.#claimed), reason }).catch(() => undefined);
  }

  #send(result: Omit<AttemptResult, 'session'>): Promise<void> {
    const { client, session } = this.#with;
    const { signal } = this.#abandoned;
    return untilAnswered(() => client.result(this.ref, { session, ...result }, signal), signal);
  }

  async #clean(): Promise<void> {
    if (this.#directory === undefined) return;
    try {
      await rm(this.#directory, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      this.#event({ type: 'directory-left', attempt: this.ref, error: messageOf(error) });
    }
  }

  #event(event: WorkerEvent): void {
    this.#with.onEvent(event);
  }
}
