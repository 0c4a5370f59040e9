/** An option breaks its rule: `message` names option, rule and value. The command line exits with 2. */
export class OptionError extends Error {
  readonly code = 'bad-option';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OptionError';
  }
}

/** Which option names the folder that can't be used. */
type FolderOption = 'dataDir' | 'workDir';

/** Why a master or a worker can't start. Whoever shows it finds the words; `reason` is what the system said. */
export type StartFailure =
  | { code: 'port-in-use'; address: string; option: 'listen' | 'metricsListen' }
  | { code: 'data-unwritable'; option: FolderOption; path: string; reason: string }
  | { code: 'data-locked'; option: FolderOption; path: string; pid: number | undefined }
  | { code: 'token-unreadable'; path: string; reason: string }
  | { code: 'token-empty'; path: string }
  /** The data of another version, of which this one can't read any. `migration`: the one that is not known here. */
  | { code: 'data-foreign'; madeBy: 'pglite'; path: string }
  | { code: 'data-foreign'; madeBy: 'pg-boss' }
  | { code: 'data-foreign'; madeBy: 'later'; migration: string }
  | { code: 'no-store'; path: string }
  | { code: 'no-schema'; reason: string }
  | { code: 'store-broken'; path: string; reason: string }
  | { code: 'store-unreachable'; address: string; reason: string }
  | { code: 'store-unsupported'; lacks: 'platform'; platform: string }
  | { code: 'store-unsupported'; lacks: 'glibc' }
  | { code: 'store-unsupported'; lacks: 'package'; name: string }
  /** As root, where neither a namespace can be made nor the user `nobody` reaches these. */
  | { code: 'store-unsupported'; lacks: 'user'; paths: readonly string[] }
  | { code: 'master-refused'; reason: string }
  | { code: 'guard-failed'; reason: string }
  /** Processes of an earlier run of the worker that can't be ended. */
  | { code: 'leftovers'; pids: readonly number[] };

/** A master or worker can't start. Exit code 1. */
export class StartError extends Error {
  readonly code: StartFailure['code'];
  readonly failure: StartFailure;
  constructor(failure: StartFailure, options?: ErrorOptions) {
    const { code, ...details } = failure;
    super(`${code} ${JSON.stringify(details)}`, options);
    this.name = 'StartError';
    this.code = code;
    this.failure = failure;
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

/** The store is not open yet, or no longer: what was asked of it has not come about. */
export class StoreNotOpenError extends StoreUnavailableError {
  constructor() {
    super('the store is not open');
    this.name = 'StoreNotOpenError';
  }
}
