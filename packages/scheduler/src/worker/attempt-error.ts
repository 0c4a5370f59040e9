/** Why an attempt can't succeed: `message` becomes the result's reason. */
export class AttemptError extends Error {
  readonly code = 'attempt-failed';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AttemptError';
  }
}

/**
 * Why an attempt is ended. `stale`: it may be another's by now. `lease`: no heartbeat of it was acknowledged in time.
 * `guard`: the guard process has died. `session-lost`: the node is no longer this worker's. `no-room`: two claims brought
 * more than there are slots for.
 */
export type EndingReason =
  | 'cancelled'
  | 'timed_out'
  | 'released'
  | 'no-room'
  | 'session-lost'
  | 'lease'
  | 'guard'
  | 'stale';

/** Thrown inside an attempt that is being ended. */
export class Ending extends Error {
  readonly code = 'attempt-ending';
  readonly reason: EndingReason;
  constructor(reason: EndingReason) {
    super(`the attempt is ended: ${reason}`);
    this.name = 'Ending';
    this.reason = reason;
  }
}
