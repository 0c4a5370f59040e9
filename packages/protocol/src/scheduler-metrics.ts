import { attemptOutcomes, endedJobStates, liveJobStates } from './job.ts';
import { nodeStates } from './node.ts';

/** One metric family of the master, as it is registered and as dashboards ask for it. */
export interface SchedulerMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

const family = (
  name: string,
  type: SchedulerMetric['type'],
  help: string,
  labels: readonly string[] = [],
): SchedulerMetric => Object.freeze({ name: `scheduler_${name}`, type, help, labels });

/** How a claim was answered. */
export const claimOutcomes = ['claimed', 'empty', 'failed'] as const;
export type ClaimOutcome = (typeof claimOutcomes)[number];

/** Limits of the API's open connections: all of them, and those from one address. */
export const connectionLimits = ['total', 'address'] as const;
export type ConnectionLimit = (typeof connectionLimits)[number];

/**
 * Every family that the master counts beside the bandwidth monitor's. The master registers from this table and
 * dashboards ask from it, so that a renamed metric breaks the build and not a panel.
 */
export const schedulerMetrics = Object.freeze({
  jobs: family('jobs', 'gauge', `Jobs that have not ended, by state (${liveJobStates.join(', ')}).`, [
    'queue',
    'state',
  ]),
  jobsSubmitted: family(
    'jobs_submitted_total',
    'counter',
    'Jobs that callers submitted; a repeated idempotency key counts once.',
    ['queue'],
  ),
  jobsFinished: family(
    'jobs_finished_total',
    'counter',
    `Jobs that ended, by the state they ended in (${endedJobStates.join(', ')}).`,
    ['queue', 'outcome'],
  ),
  jobAttempts: family(
    'job_attempts_total',
    'counter',
    `Attempts that ended, by outcome (${attemptOutcomes.join(', ')}).`,
    ['queue', 'outcome'],
  ),
  leasesExpired: family(
    'leases_expired_total',
    'counter',
    'Attempts taken back because their node sent no heartbeat within the lease.',
    ['queue'],
  ),
  oldestReadyAge: family(
    'queue_oldest_ready_age_seconds',
    'gauge',
    'How long the job at the head of the queue has been ready.',
    ['queue'],
  ),
  jobWait: family('job_wait_seconds', 'histogram', 'From when an attempt could start until a node claimed it.', [
    'queue',
  ]),
  jobRun: family(
    'job_run_seconds',
    'histogram',
    "From when an attempt was claimed until its result came, by the attempt's outcome.",
    ['queue', 'outcome'],
  ),
  nodes: family('nodes', 'gauge', `Nodes by state (${nodeStates.join(', ')}).`, ['state']),
  nodeSlots: family('node_slots', 'gauge', 'Slots that a node offers; a stopped node has no sample.', ['node']),
  nodeSlotsUsed: family(
    'node_slots_used',
    'gauge',
    'Slots of a node that running attempts take; a stopped node has no sample.',
    ['node'],
  ),
  nodeLastHeartbeat: family(
    'node_last_heartbeat_timestamp_seconds',
    'gauge',
    "When the node's last heartbeat came, as Unix time; a stopped node has no sample.",
    ['node'],
  ),
  nodeTransferBytes: family(
    'node_transfer_bytes_total',
    'counter',
    'Message bytes between this master and a node; `in` was received by the master.',
    ['node', 'direction'],
  ),
  claims: family('claims_total', 'counter', `Claims answered, by outcome (${claimOutcomes.join(', ')}).`, ['outcome']),
  claimDuration: family(
    'claim_duration_seconds',
    'histogram',
    'How long the store took to answer one try to claim, without the wait for work.',
  ),
  connectionsRefused: family(
    'connections_refused_total',
    'counter',
    `Connections to the API that were closed at once, by the limit that they were over (${connectionLimits.join(', ')}).`,
    ['limit'],
  ),
  slowBodies: family('slow_bodies_total', 'counter', 'Requests that were cut because their body came too slowly.'),
  storageFree: family('storage_free_bytes', 'gauge', "Free bytes of the data folder's disk."),
  storageReserve: family(
    'storage_reserve_bytes',
    'gauge',
    'Below so many free bytes submissions, logs and blobs are refused.',
  ),
  blobBytes: family('blob_bytes', 'gauge', 'Bytes of the files of jobs that are kept.'),
  storeBytes: family('store_bytes', 'gauge', "Bytes of the store's database."),
  storeUp: family('store_up', 'gauge', '1 while the store answers, 0 while it does not.'),
  storeDurable: family('store_durable', 'gauge', '1 where what was acknowledged survives a power cut.'),
});

/**
 * The families of the metrics client's default process metrics that dashboards ask for. The client chooses these
 * names; a test of the master holds this table against what it exposes.
 */
export const processMetrics = Object.freeze({
  cpuSeconds: 'process_cpu_seconds_total',
  residentMemoryBytes: 'process_resident_memory_bytes',
  startTimeSeconds: 'process_start_time_seconds',
  openFiles: 'process_open_fds',
  maxFiles: 'process_max_fds',
  heapUsedBytes: 'nodejs_heap_size_used_bytes',
  heapTotalBytes: 'nodejs_heap_size_total_bytes',
  eventLoopLagP50Seconds: 'nodejs_eventloop_lag_p50_seconds',
  eventLoopLagP99Seconds: 'nodejs_eventloop_lag_p99_seconds',
});
