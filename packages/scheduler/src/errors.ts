/** An option breaks its rule: `message` names option, rule and value. The command line exits with 2. */
export class OptionError extends Error {
  readonly code = 'bad-option';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OptionError';
  }
}

/** A master or worker can't start: `message` is one sentence that names the thing and the option to change. Exit code 1. */
export class StartError extends Error {
  readonly code:
    | 'port-in-use'
    | 'data-unwritable'
    | 'data-locked'
    | 'data-foreign'
    | 'no-store'
    | 'store-unreachable'
    | 'store-unsupported'
    | 'master-refused'
    | 'guard-failed'
    | 'leftovers';
  constructor(code: StartError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
    this.code = code;
  }
}

/** The store answers, but has no room left; the master says 507. */
export class StoreFullError extends Error {
  readonly code = 'storage-full';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreFullError';
  }
}

/** The store does not answer; the master says 503. */
export class StoreUnavailableError extends Error {
  readonly code = 'store-unavailable';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailableError';
  }
}
