/** What the command line's exit codes mean; every command's `--help` names them. */
export const exitCodes = Object.freeze({
  done: 0,
  /** What was asked for could not be done. */
  failed: 1,
  badUse: 2,
  /** No master answers. */
  noMaster: 3,
  tokenRefused: 4,
  /** `jobs run`, for all of the above: the job's own codes are below. */
  runFailed: 125,
  interrupted: 130,
});
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodesHelp =
  'Exit codes: 0 done; 1 failed; 2 bad use; 3 no master answers; 4 the token is refused; 130 interrupted.';
