/**
 * One set of numbers for liveness, shared by master, worker and guard. Changing one changes all.
 *
 * A lease belongs to an attempt: its job's `leaseSeconds` from the last heartbeat that the master acknowledged. A worker
 * can't tell a dead master from a cut network, so it ends an attempt a fifth of the lease before that
 * ({@link toKeptSeconds}); the master gives the job to another when the whole lease has passed.
 */
export const liveness = Object.freeze({
  /** Between heartbeats, at most: see {@link toHeartbeatSeconds}. */
  heartbeatSeconds: 5,
  /** A node that misses so many heartbeats is `silent`, and is given nothing. */
  missedHeartbeats: 3,
  /** A node without attempts is `lost` after so long without a heartbeat; one with attempts when their leases have passed too. */
  nodeLeaseSeconds: 120,
  /** Between SIGTERM and SIGKILL. */
  killGraceSeconds: 2,
  /** A claim's longest wait: below the 30 s after which many proxies give up. */
  claimWaitSeconds: 25,
});

/** How often a worker that runs an attempt with this lease must send a heartbeat. */
export function toHeartbeatSeconds(leaseSeconds: number): number {
  return Math.min(liveness.heartbeatSeconds, leaseSeconds / 10);
}

/** How long a worker keeps an attempt with this lease without an acknowledged heartbeat. */
export function toKeptSeconds(leaseSeconds: number): number {
  return leaseSeconds * 0.8;
}
