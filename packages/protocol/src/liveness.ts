/**
 * One set of numbers for liveness, shared by master, worker and guard. Changing one changes all.
 *
 * At `leaseSeconds` without a heartbeat the master calls a node lost and gives its jobs back; a worker that
 * was not acknowledged for `workerSilenceSeconds` ends what it runs, so that it stops before the master
 * hands the job to another.
 */
export const liveness = Object.freeze({
  leaseSeconds: 10,
  heartbeatSeconds: 3,
  workerSilenceSeconds: 8,
  /** Between SIGTERM and SIGKILL. */
  killGraceSeconds: 2,
  /** A claim's longest wait: below the 30 s after which many proxies give up. */
  claimWaitSeconds: 25,
});
