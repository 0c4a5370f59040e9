import { Counter, Histogram, Registry } from '@prometheus-io/client';
import {
  type AttemptOutcome,
  type AttemptResult,
  attemptOutcomes,
  type EndedJobState,
  endedJobStates,
  isEnded,
} from '@weighbridge/protocol';
import type { AttemptEnd, LapsedAttempt } from '../../store/store.ts';

// 10 ms to 24 h, the longest that a job may run.
const durationBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 86_400];
const claimBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

const claimOutcomes = ['claimed', 'empty', 'failed'] as const;
export type ClaimOutcome = (typeof claimOutcomes)[number];

/** What this master counts itself. */
export class MasterMetrics {
  readonly registry = new Registry();
  readonly #registers = { registers: [this.registry] };
  readonly #seenQueues = new Set<string>();

  readonly #submitted = new Counter({
    name: 'scheduler_jobs_submitted_total',
    help: 'Jobs that callers submitted, repeats by idempotency key left out.',
    labelNames: ['queue'],
    ...this.#registers,
  });
  readonly #finished = new Counter({
    name: 'scheduler_jobs_finished_total',
    help: 'Jobs that ended, by the state they ended in.',
    labelNames: ['queue', 'outcome'],
    ...this.#registers,
  });
  readonly #attempts = new Counter({
    name: 'scheduler_job_attempts_total',
    help: 'Attempts that ended, by how.',
    labelNames: ['queue', 'outcome'],
    ...this.#registers,
  });
  readonly #expired = new Counter({
    name: 'scheduler_leases_expired_total',
    help: 'Attempts taken back because their node sent no heartbeat within the lease.',
    labelNames: ['queue'],
    ...this.#registers,
  });
  readonly #wait = new Histogram({
    name: 'scheduler_job_wait_seconds',
    help: 'From when an attempt could start until a node claimed it.',
    labelNames: ['queue'],
    buckets: durationBuckets,
    ...this.#registers,
  });
  readonly #run = new Histogram({
    name: 'scheduler_job_run_seconds',
    help: "From when an attempt was claimed until its result came, by the attempt's outcome.",
    labelNames: ['queue', 'outcome'],
    buckets: durationBuckets,
    ...this.#registers,
  });
  readonly #claims = new Counter({
    name: 'scheduler_claims_total',
    help: 'Claims answered: with work, empty after the wait, or failed.',
    labelNames: ['outcome'],
    ...this.#registers,
  });
  readonly #claimDuration = new Histogram({
    name: 'scheduler_claim_duration_seconds',
    help: 'How long the store took to answer one try to claim, without the wait for work.',
    buckets: claimBuckets,
    ...this.#registers,
  });

  constructor() {
    for (const outcome of claimOutcomes) this.#claims.inc({ outcome }, 0);
    this.knowQueue('default');
  }

  /** Lets a queue's series stand at 0, so that a panel shows 0 and not "No Data". */
  knowQueue(queue: string): void {
    if (this.#seenQueues.has(queue)) return;
    this.#seenQueues.add(queue);
    this.#submitted.inc({ queue }, 0);
    this.#expired.inc({ queue }, 0);
    this.#wait.zero({ queue });
    for (const outcome of endedJobStates) this.#finished.inc({ queue, outcome }, 0);
    for (const outcome of attemptOutcomes) this.#attempts.inc({ queue, outcome }, 0);
  }

  get queues(): ReadonlySet<string> {
    return this.#seenQueues;
  }

  submitted(queue: string): void {
    this.knowQueue(queue);
    this.#submitted.inc({ queue });
  }

  claimed(queue: string, waitSeconds: number): void {
    this.knowQueue(queue);
    this.#wait.observe({ queue }, Math.max(0, waitSeconds));
  }

  claimAnswered(outcome: ClaimOutcome): void {
    this.#claims.inc({ outcome });
  }

  claimTried(seconds: number): void {
    this.#claimDuration.observe(seconds);
  }

  completed({ queue, state, startedAt }: AttemptEnd, { outcome }: Pick<AttemptResult, 'outcome'>, nowMs: number): void {
    this.#attemptEnded(queue, outcome);
    this.#run.observe({ queue, outcome }, Math.max(0, (nowMs - Date.parse(startedAt)) / 1000));
    if (isEnded(state)) this.finished(queue, state);
  }

  /** Attempts of a node whose name another session took. */
  lost(attempts: readonly LapsedAttempt[]): void {
    for (const { queue, jobEnded } of attempts) {
      this.#attemptEnded(queue, 'lost');
      if (jobEnded) this.finished(queue, 'failed');
    }
  }

  /** Attempts of nodes whose lease lapsed. */
  expired(attempts: readonly LapsedAttempt[]): void {
    this.lost(attempts);
    for (const { queue } of attempts) this.#expired.inc({ queue });
  }

  finished(queue: string, outcome: EndedJobState): void {
    this.knowQueue(queue);
    this.#finished.inc({ queue, outcome });
  }

  #attemptEnded(queue: string, outcome: AttemptOutcome): void {
    this.knowQueue(queue);
    this.#attempts.inc({ queue, outcome });
  }
}
