import { ProblemError, UnreachableError } from '@weighbridge/protocol';
import type { StartFailure } from '@weighbridge/scheduler';
import { CommanderError } from 'commander';
import { FailedError, UsageError } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { formatStartFailure } from './words/failure-words.ts';
import { withFlag, withSubmitFlag } from './words/option-words.ts';

/** What is told about an error: one sentence, unless commander has told it already. */
export interface ErrorReport {
  exitCode: ExitCode;
  message?: string;
}

interface Thrown {
  code?: unknown;
  /** Of the scheduler's StartError. */
  failure?: StartFailure;
  cause?: unknown;
  message: string;
  stack?: string | undefined;
}

/** Turns anything thrown into a sentence and an exit code; `debug` adds the stack of what nobody expected. */
export function reportOf(error: unknown, debug: boolean): ErrorReport {
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : 2 };
  const { code, failure, cause, message, stack }: Thrown = error instanceof Error ? error : new Error(String(error));
  // By what they hold, not by class: the scheduler's errors come from a package that is loaded on demand.
  if (failure !== undefined) return { exitCode: toExitCode(cause), message: formatStartFailure(failure) };
  if (error instanceof UnreachableError) return { exitCode: toExitCode(error), message };
  if (error instanceof ProblemError) return { exitCode: toExitCode(error), message: withSubmitFlag(message) };
  if (error instanceof UsageError) return { exitCode: 2, message };
  if (code === 'bad-option') return { exitCode: 2, message: withFlag(message) };
  if (isBrokenTransfer(error)) return { exitCode: 1, message: 'the connection to the master broke off; try again' };
  if (error instanceof FailedError) return { exitCode: 1, message };
  return {
    exitCode: 1,
    message: debug ? (stack ?? message) : `${firstLine(message)} (unexpected; set WEIGHBRIDGE_DEBUG=1 for the stack)`,
  };
}

/** Of what the master answered, or that none did; a worker that can't start has that as its cause. */
function toExitCode(error: unknown): ExitCode {
  if (error instanceof UnreachableError) return exitCodes.noMaster;
  return error instanceof ProblemError && error.code === 'unauthorized' ? exitCodes.tokenRefused : exitCodes.failed;
}

/** How fetch tells that a body ended too early. */
function isBrokenTransfer(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'terminated';
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
