import { Counter, collectDefaultMetrics, Histogram, Registry } from '@prometheus-io/client';
import {
  type AttemptOutcome,
  type AttemptResult,
  attemptOutcomes,
  type ClaimOutcome,
  type ConnectionLimit,
  claimOutcomes,
  connectionLimits,
  type EndedJobState,
  endedJobStates,
  isEnded,
  type SchedulerMetric,
  schedulerMetrics,
} from '@weighbridge/protocol';
import type { AttemptEnd, EndedAttempt } from '../../store/store.ts';

// 10 ms to 24 h, the longest that a job may run.
const durationBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 86_400];
const claimBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What this master counts itself. */
export class MasterMetrics {
  readonly registry = new Registry();
  readonly #seenQueues = new Set<string>();

  readonly #submitted = this.#counter(schedulerMetrics.jobsSubmitted);
  readonly #finished = this.#counter(schedulerMetrics.jobsFinished);
  readonly #attempts = this.#counter(schedulerMetrics.jobAttempts);
  readonly #expired = this.#counter(schedulerMetrics.leasesExpired);
  readonly #wait = this.#histogram(schedulerMetrics.jobWait, durationBuckets);
  readonly #run = this.#histogram(schedulerMetrics.jobRun, durationBuckets);
  readonly #claims = this.#counter(schedulerMetrics.claims);
  readonly #connectionsRefused = this.#counter(schedulerMetrics.connectionsRefused);
  readonly #slowBodies = this.#counter(schedulerMetrics.slowBodies);
  readonly #claimDuration = this.#histogram(schedulerMetrics.claimDuration, claimBuckets);

  constructor() {
    // CPU, memory, event loop and garbage collection of this process, under the names that everyone knows.
    collectDefaultMetrics({ register: this.registry });
    for (const outcome of claimOutcomes) this.#claims.inc({ outcome }, 0);
    for (const limit of connectionLimits) this.#connectionsRefused.inc({ limit }, 0);
    this.knowQueue('default');
  }

  /** Lets a queue's series stand at 0, so that a panel shows 0 and not "No Data". */
  knowQueue(queue: string): void {
    if (this.#seenQueues.has(queue)) return;
    this.#seenQueues.add(queue);
    this.#submitted.inc({ queue }, 0);
    this.#expired.inc({ queue }, 0);
    this.#wait.zero({ queue });
    this.#run.zero({ queue, outcome: 'succeeded' });
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

  /** Without a wait where an earlier claim was counted. */
  claimed(queue: string, waitSeconds: number | undefined): void {
    this.knowQueue(queue);
    if (waitSeconds !== undefined) this.#wait.observe({ queue }, Math.max(0, waitSeconds));
  }

  claimAnswered(outcome: ClaimOutcome): void {
    this.#claims.inc({ outcome });
  }

  claimTried(seconds: number): void {
    this.#claimDuration.observe(seconds);
  }

  connectionRefused(limit: ConnectionLimit): void {
    this.#connectionsRefused.inc({ limit });
  }

  bodyCut(): void {
    this.#slowBodies.inc();
  }

  completed(
    { queue, state, startedAt, cancelled }: AttemptEnd,
    { outcome }: Pick<AttemptResult, 'outcome'>,
    nowMs: number,
  ): void {
    this.#attemptEnded(queue, outcome);
    this.#run.observe({ queue, outcome }, Math.max(0, (nowMs - Date.parse(startedAt)) / 1000));
    if (isEnded(state)) this.finished(queue, state);
    this.cascaded(cancelled);
  }

  /** Attempts that the master ended. */
  ended(attempts: readonly EndedAttempt[]): void {
    for (const { queue, outcome, state, cancelled } of attempts) {
      this.#attemptEnded(queue, outcome);
      if (isEnded(state)) this.finished(queue, state);
      this.cascaded(cancelled);
    }
  }

  /** Attempts that the supervision ended: without a lease, or past their job's timeout. */
  expired(attempts: readonly EndedAttempt[]): void {
    this.ended(attempts);
    for (const { queue, outcome } of attempts) if (outcome === 'lost') this.#expired.inc({ queue });
  }

  /** Jobs that were cancelled with one on which they depend; the queue of each. */
  cascaded(queues: readonly string[]): void {
    for (const queue of queues) this.finished(queue, 'cancelled');
  }

  finished(queue: string, outcome: EndedJobState): void {
    this.knowQueue(queue);
    this.#finished.inc({ queue, outcome });
  }

  #attemptEnded(queue: string, outcome: AttemptOutcome): void {
    this.knowQueue(queue);
    this.#attempts.inc({ queue, outcome });
  }

  #counter(metric: SchedulerMetric): Counter<string> {
    return new Counter({ ...configurationOf(metric), registers: [this.registry] });
  }

  #histogram(metric: SchedulerMetric, buckets: number[]): Histogram<string> {
    return new Histogram({ ...configurationOf(metric), buckets, registers: [this.registry] });
  }
}

/** A line of the table of metrics as the client takes it. */
export function configurationOf({ name, help, labels }: SchedulerMetric) {
  return { name, help, labelNames: [...labels] };
}
