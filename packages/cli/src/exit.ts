import { ProblemError, UnreachableError } from '@weighbridge/protocol';
import { CommanderError } from 'commander';
import { FailedError, UsageError } from './errors.ts';

/** Failed, and bad use. */
type ExitCode = 0 | 1 | 2;

/** What is told about an error: one sentence, unless commander has told it already. */
export interface ErrorReport {
  exitCode: ExitCode;
  message?: string;
}

/** Turns anything thrown into a sentence and an exit code; `debug` adds the stack of what nobody expected. */
export function reportOf(error: unknown, debug: boolean): ErrorReport {
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : 2 };
  const { code, message, stack }: { code?: unknown; message: string; stack?: string | undefined } =
    error instanceof Error ? error : new Error(String(error));
  // By code, not by class: the scheduler's OptionError comes from a package that is loaded on demand.
  if (error instanceof UsageError) return { exitCode: 2, message };
  if (code === 'bad-option') return { exitCode: 2, message: withFlag(message) };
  if (isBrokenTransfer(error)) return { exitCode: 1, message: 'the connection to the master broke off; try again' };
  if (isExpected(error, code)) return { exitCode: 1, message };
  return {
    exitCode: 1,
    message: debug ? (stack ?? message) : `${firstLine(message)} (unexpected; set WEIGHBRIDGE_DEBUG=1 for the stack)`,
  };
}

const flags: Record<string, string> = {
  listen: '--listen',
  metricsListen: '--metrics-listen',
  dataDir: '--data',
  allow: '--allow',
  reserveBytes: '--reserve',
  maxBlobBytes: '--max-blobs',
  maxConnections: '--max-connections',
  maxConnectionsPerAddress: '--max-connections-per-address',
  token: 'WEIGHBRIDGE_TOKEN',
  master: '--master',
  name: '--name',
  takeOver: '--take-over',
  queues: '--queue',
  slots: '--slots',
  env: '--env',
  workDir: '--work-dir',
  cacheBytes: '--cache-bytes',
  file: 'FILE',
};

/** The scheduler's sentences begin with its own name for an option; people know the flag. */
function withFlag(message: string): string {
  return message.replace(/^\w+(?= )/, (option) => flags[option] ?? option);
}

function isExpected(error: unknown, code: unknown): boolean {
  const startErrors: unknown[] = [
    'port-in-use',
    'data-unwritable',
    'data-locked',
    'data-foreign',
    'no-store',
    'store-unreachable',
    'store-unsupported',
    'master-refused',
    'guard-failed',
    'leftovers',
  ];
  return (
    error instanceof FailedError ||
    error instanceof ProblemError ||
    error instanceof UnreachableError ||
    startErrors.includes(code)
  );
}

/** How fetch tells that a body ended too early. */
function isBrokenTransfer(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'terminated';
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
