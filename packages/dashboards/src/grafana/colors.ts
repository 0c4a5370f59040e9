import type { AttemptOutcome, JobState, NodeState } from '@weighbridge/protocol';

/** Names of Grafana's palette, which has them for light and dark. */
type Color = 'green' | 'yellow' | 'orange' | 'red' | 'dark-red' | 'blue' | 'light-blue' | 'purple' | 'text';

/** The same direction has the same colour in every panel. */
export const directionColors = Object.freeze({ in: 'blue', out: 'green' }) satisfies Record<string, Color>;

/** Green is well, red wants a look, grey is nothing to care about. */
export const jobStateColors = Object.freeze({
  scheduled: 'text',
  blocked: 'text',
  queued: 'yellow',
  running: 'blue',
  cancelling: 'orange',
  succeeded: 'green',
  failed: 'red',
  timed_out: 'orange',
  cancelled: 'text',
}) satisfies Record<JobState, Color>;

export const outcomeColors = Object.freeze({
  succeeded: 'green',
  failed: 'red',
  timed_out: 'orange',
  cancelled: 'text',
  refused: 'purple',
  lost: 'dark-red',
  released: 'light-blue',
}) satisfies Record<AttemptOutcome, Color>;

export const nodeStateColors = Object.freeze({
  ready: 'green',
  draining: 'yellow',
  silent: 'orange',
  lost: 'red',
  stopped: 'text',
}) satisfies Record<NodeState, Color>;
