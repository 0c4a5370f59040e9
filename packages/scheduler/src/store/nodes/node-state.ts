import { liveness } from '@weighbridge/protocol';

const seconds = (count: number | string) => `${count} * interval '1 second'`;

/** Joins what node `n` runs as `running`: slots, until when the last of its leases lasts, the shortest lease. */
export const joinRunning = `
  LEFT JOIN LATERAL (
    SELECT sum(a.slots) AS slots, max(a.lease_until) AS lease_until, min(a.lease_seconds) AS lease_seconds
    FROM weighbridge.attempts a WHERE a.node = n.name AND a.outcome IS NULL
  ) running ON true
`;

const heartbeatSeconds = `least(${liveness.heartbeatSeconds}, coalesce(running.lease_seconds / 10.0, ${liveness.heartbeatSeconds}))`;
const isPastLease = `n.heartbeat_at < now() - ${seconds(liveness.nodeLeaseSeconds)} AND coalesce(running.lease_until < now(), true)`;

/**
 * The state of node `n`, with {@link joinRunning}. While no heartbeat could be answered no node becomes lost:
 * `answeringSeconds` says for how long now one could.
 */
export const toNodeState = (answeringSeconds: string) => `(CASE
    WHEN n.stopped_at IS NOT NULL THEN 'stopped'
    WHEN n.lost_at IS NOT NULL THEN 'lost'
    WHEN ${isPastLease} AND ${answeringSeconds} >= ${liveness.nodeLeaseSeconds} THEN 'lost'
    WHEN n.heartbeat_at < now() - ${seconds(`${liveness.missedHeartbeats} * ${heartbeatSeconds}`)} THEN 'silent'
    WHEN n.draining THEN 'draining'
    ELSE 'ready'
  END)`;

/** Whether the worker of node `n` is there: a claim that waits is no sign of that. */
export const isHeard = `(n.stopped_at IS NULL AND n.lost_at IS NULL
    AND n.heartbeat_at > now() - ${seconds(liveness.missedHeartbeats * liveness.heartbeatSeconds)})`;
