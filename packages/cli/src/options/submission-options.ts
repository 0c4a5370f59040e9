import { type Job, type JobSubmission, limits } from '@weighbridge/protocol';
import { type Command, Option } from 'commander';
import { collect, collectPairs, integerBetween, parseMoment } from './option-parsers.ts';

/** What every command takes that submits jobs. */
export interface SubmissionFlags {
  input?: string[];
  output?: string[];
  outputOptional?: string[];
  queue?: string;
  priority?: number;
  timeout?: number;
  retries?: number;
  retryBackoff?: number;
  lostRetries?: number;
  lease?: number;
  slots?: number;
  env?: Record<string, string>;
  startAfter?: string;
}

/** Adds what is said of a job besides its command; `inputHelp` says who gets the files of `--input`. */
export function addSubmissionOptions(command: Command, inputHelp = 'a file that the job gets'): Command {
  return command
    .addOption(new Option('--input <file[=name]>', `${inputHelp}, under this name; repeat it`).argParser(collect))
    .addOption(
      new Option(
        '--output <glob>',
        'files that the job sends back; one that matches none fails it; repeat it',
      ).argParser(collect),
    )
    .addOption(
      new Option('--output-optional <glob>', 'files that the job sends back where there are any; repeat it').argParser(
        collect,
      ),
    )
    .option('--queue <name>', 'the queue (default: default)')
    .addOption(new Option('--priority <n>', 'higher runs first (default: 0)').argParser(integerBetween(-1000, 1000)))
    .addOption(
      new Option('--timeout <seconds>', `how long it may run (default: ${limits.defaultTimeoutSeconds})`).argParser(
        integerBetween(1, limits.timeoutSecondsMax),
      ),
    )
    .addOption(
      new Option('--retries <n>', 'how often to try again when it fails (default: 0)').argParser(
        integerBetween(0, limits.retryLimit),
      ),
    )
    .addOption(
      new Option(
        '--retry-backoff <seconds>',
        'before the first of these retries; each further one waits twice as long, an hour at most (default: 0)',
      ).argParser(integerBetween(0, limits.retryBackoffSecondsMax)),
    )
    .addOption(
      new Option(
        '--lost-retries <n>',
        `how often to try again when its node is lost (default: ${limits.defaultLostRetryLimit})`,
      ).argParser(integerBetween(0, limits.retryLimit)),
    )
    .addOption(
      new Option(
        '--lease <seconds>',
        `how long a node may keep it without reaching the master (default: ${limits.defaultLeaseSeconds})`,
      ).argParser(integerBetween(limits.leaseSecondsMin, limits.leaseSecondsMax)),
    )
    .addOption(
      new Option('--slots <n>', 'how much of a node it takes (default: 1)').argParser(integerBetween(1, limits.slots)),
    )
    .addOption(
      new Option('--env <name=value>', 'an environment variable of the job; repeat it').argParser(collectPairs),
    )
    .addOption(new Option('--start-after <moment>', 'not before, e.g. 2030-01-31T08:00:00Z').argParser(parseMoment));
}

/** What the flags say of a job, but for its files. */
export function toSubmission([command = '', ...args]: readonly string[], flags: SubmissionFlags): JobSubmission {
  const { queue, priority, timeout, retries, slots, env, startAfter } = flags;
  const { retryBackoff, lostRetries, lease } = flags;
  return {
    command,
    args,
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(timeout !== undefined && { timeoutSeconds: timeout }),
    ...(retries !== undefined && { retryLimit: retries }),
    ...(retryBackoff !== undefined && { retryBackoff }),
    ...(lostRetries !== undefined && { lostRetryLimit: lostRetries }),
    ...(lease !== undefined && { leaseSeconds: lease }),
    ...(slots !== undefined && { slots }),
    ...(env !== undefined && { env }),
    ...(startAfter !== undefined && { startAfter }),
  };
}

type Ending = Pick<Job, 'state'> & Partial<Pick<Job, 'detail' | 'reason' | 'exitCode' | 'signal'>>;

/** How a job has ended: `failed (exit code 1)`. */
export function formatEnding({ state, detail, reason, exitCode, signal }: Ending): string {
  if (state === 'succeeded') return state;
  const how = detail ?? reason ?? signal ?? (exitCode === undefined ? undefined : `exit code ${exitCode}`);
  return `${state.replace('_', ' ')}${how === undefined ? '' : ` (${how})`}`;
}
