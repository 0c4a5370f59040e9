/** Why an attempt can't succeed: `message` becomes the result's reason. */
export class AttemptError extends Error {
  readonly code = 'attempt-failed';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AttemptError';
  }
}

/**
 * Why an attempt is ended. `stale`: it is another's by now. `silent`: the master no longer answers. `no-room`: two
 * claims brought more than there are slots for.
 */
export type EndingReason = 'cancelled' | 'timed_out' | 'released' | 'no-room' | 'silent' | 'stale';

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
