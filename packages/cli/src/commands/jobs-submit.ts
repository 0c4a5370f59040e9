import { type Job, type JobSubmission, limits } from '@weighbridge/protocol';
import { type Command, Option } from 'commander';
import { addClientOptions, type ClientFlags, clientOf } from '../client-options.ts';
import { addExamples } from '../command.ts';
import { FailedError } from '../errors.ts';
import { waitForJob } from '../follow-job.ts';
import { parseInputs, uploadInputs } from '../input-files.ts';
import { LogGaps, printLogChunk } from '../job-logs.ts';
import { collect, collectPairs, integerBetween, parseMoment } from '../option-parsers.ts';
import { printJson, printLine, printNote } from '../output.ts';
import { createProgress } from '../progress.ts';
import { noteWaiting } from '../waiting-notes.ts';

interface Flags extends ClientFlags {
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
  idempotencyKey?: string;
  wait?: true;
}

export function addJobsSubmit(jobs: Command): void {
  const command = jobs
    .command('submit')
    .description('Submit a job: its files, then `--`, then the command that a worker is to run.')
    .argument('<command...>', 'the command and its arguments; no shell is between')
    .addOption(
      new Option('--input <file[=name]>', 'a file that the job gets, under this name; repeat it').argParser(collect),
    )
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
    .addOption(new Option('--start-after <moment>', 'not before, e.g. 2030-01-31T08:00:00Z').argParser(parseMoment))
    .option('--idempotency-key <key>', 'submitting the same again under this key makes no second job')
    .option('--wait', 'print its log until it has ended; exit with 0 only if it succeeded')
    .action(submitJob);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge jobs submit --wait -- echo hello',
    'weighbridge jobs submit --input big.csv --output big.csv.gz -- gzip big.csv',
    'weighbridge jobs submit --retries 3 --retry-backoff 60 --lease 600 -- ./nightly-report',
    'weighbridge jobs submit --queue gpu --slots 2 --timeout 600 --input clip.mov=in.mov --output out.mp4 -- ffmpeg -i in.mov out.mp4',
  ]);
}

async function submitJob(words: string[], flags: Flags): Promise<void> {
  const locals = parseInputs(flags.input ?? []);
  const client = clientOf(flags);
  const inputs = await uploadInputs(client, locals, createProgress());
  const files = { inputs, outputs: flags.output ?? [], optionalOutputs: flags.outputOptional ?? [] };
  const job = await client.submit({ ...submissionOf(words, flags), files });
  if (!flags.wait) return flags.json ? printJson(job) : printLine(job.id);

  if (!flags.json) printNote(`Job ${job.id}`);
  const gaps = new LogGaps();
  const waiting = flags.json ? undefined : noteWaiting(client, job.id);
  const ended = await waitForJob(client, job.id, (chunk) => {
    waiting?.stop();
    if (!flags.json) printLogChunk(chunk, gaps.take(chunk));
  }).finally(() => waiting?.stop());
  if (flags.json) printJson(ended);
  if (ended.state !== 'succeeded') throw new FailedError(endOf(ended));
}

function submissionOf([command = '', ...args]: string[], flags: Flags): JobSubmission {
  const { queue, priority, timeout, retries, slots, env, startAfter, idempotencyKey } = flags;
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
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
}

function endOf({ id, state, detail, reason, exitCode, signal }: Job): string {
  const how = detail ?? reason ?? signal ?? (exitCode === undefined ? undefined : `exit code ${exitCode}`);
  return `job ${id} ${state.replace('_', ' ')}${how === undefined ? '' : ` (${how})`}`;
}
