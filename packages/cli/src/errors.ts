/** The command line was used wrongly: exit code 2. */
export class UsageError extends Error {
  readonly code = 'bad-usage';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** What was asked for could not be done: exit code 1. */
export class FailedError extends Error {
  readonly code = 'failed';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FailedError';
  }
}
