import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { FailedError, UsageError } from '../errors.ts';
import { parseInputs, uploadInputs } from '../jobs/input-files.ts';
import { readSubmissions, submitMany } from '../jobs/submit-many.ts';
import { watchJob } from '../jobs/watch-job.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import {
  addSubmissionOptions,
  formatEnding,
  type SubmissionFlags,
  toSubmission,
} from '../options/submission-options.ts';
import { printJson, printLine, printNote } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';

interface Flags extends ClientFlags, SubmissionFlags {
  idempotencyKey?: string;
  from?: string;
  wait?: true;
}

export function addJobsSubmit(jobs: Command): void {
  const command = jobs
    .command('submit')
    .description('Submit a job: its files, then `--`, then the command that a worker is to run.')
    .argument('[command...]', 'the command and its arguments; no shell is between')
    .option('--idempotency-key <key>', 'submitting the same again under this key makes no second job')
    .option(
      '--from <file>',
      'jobs as JSON, an array as POST /jobs takes it, which may depend on each other; - reads them',
    )
    .option('--wait', 'print its log until it has ended; exit with 0 only if it succeeded')
    .action(submitJob);
  addSubmissionOptions(command);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge jobs submit --wait -- echo hello',
    'weighbridge jobs submit --input big.csv --output big.csv.gz -- gzip big.csv',
    'weighbridge jobs submit --retries 3 --retry-backoff 60 --lease 600 -- ./nightly-report',
    'weighbridge jobs submit --from pipeline.json --wait   # [{"command":"make","key":"make"},{"command":"ship","dependsOn":["make"]}]',
    'weighbridge jobs submit --queue gpu --slots 2 --timeout 600 --input clip.mov=in.mov --output out.mp4 -- ffmpeg -i in.mov out.mp4',
  ]);
}

async function submitJob(words: string[], flags: Flags): Promise<void> {
  if ((flags.from === undefined) === (words.length === 0))
    throw new UsageError('name a command, or jobs with --from; not both, and not none');
  if (flags.from !== undefined) {
    const how = { isAwaited: flags.wait === true, isJson: flags.json === true };
    return submitMany(clientOf(flags), readSubmissions(flags.from), how);
  }
  const locals = parseInputs(flags.input ?? []);
  const client = clientOf(flags);
  const inputs = await uploadInputs(client, locals, createProgress());
  const files = { inputs, outputs: flags.output ?? [], optionalOutputs: flags.outputOptional ?? [] };
  const { idempotencyKey } = flags;
  const job = await client.submit({
    ...toSubmission(words, flags),
    files,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  if (!flags.wait) return flags.json ? printJson(job) : printLine(job.id);

  if (!flags.json) printNote(`Job ${job.id}`);
  const ended = await watchJob(client, job.id, { isQuiet: flags.json === true });
  if (flags.json) printJson(ended);
  if (ended.state !== 'succeeded') throw new FailedError(`job ${job.id} ${formatEnding(ended)}`);
}
