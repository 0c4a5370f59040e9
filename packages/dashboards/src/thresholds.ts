/**
 * Every limit that a colour or an alert goes by, in one place: adapt them here and run `npm run generate`.
 * Bytes are decimal (1 MB is 1,000,000), as on a network's bill.
 */
export const thresholds = Object.freeze({
  /** Bandwidth in either direction is green below this. Bytes per second. */
  busyBytesPerSecond: 1e6,
  /** … and red from here; the alert HighBandwidthUsage fires above it. Bytes per second. */
  highBytesPerSecond: 10e6,
  /** What may leave in 30 days before EgressBudget fires. Bytes. */
  monthlyEgressBytes: 10e12,
  /** A node that sent no heartbeat for so long is lost: as long as a lease is by default. */
  nodeLostSeconds: 120,
  /** The head of a queue is late from here … */
  queueLateSeconds: 300,
  /** … and QueueStuck fires from here, when nothing of the queue runs. */
  queueStuckSeconds: 900,
  /** StorageLow fires when less than so many times the reserve is free; at one reserve submissions are refused. */
  storageReserves: 2,
  /** Share of exchanges that ended before they were complete: yellow from here … */
  abortedShare: 0.01,
  /** … and red from here. */
  abortedShareHigh: 0.05,
  /** Event loop lag at the 99th percentile: yellow from here … */
  eventLoopLagSeconds: 0.1,
  /** … and red from here. */
  eventLoopLagHighSeconds: 0.5,
});
