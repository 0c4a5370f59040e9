import { mkdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Client, Job } from '@weighbridge/protocol';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { FailedError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { download } from '../jobs/download.ts';
import { parseInputs, uploadInputs } from '../jobs/input-files.ts';
import { watchJob } from '../jobs/watch-job.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import {
  addSubmissionOptions,
  formatEnding,
  type SubmissionFlags,
  toSubmission,
} from '../options/submission-options.ts';
import { sameSignalMs } from '../services/stop-signals.ts';
import { printJson, printNote } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';

interface Flags extends ClientFlags, SubmissionFlags {
  to?: string;
}

const runCodesHelp = `Exit codes: the command's own; 128 and the signal's number where a signal ended it; ${exitCodes.runFailed} where Weighbridge could not run
it; ${exitCodes.interrupted} interrupted. Ctrl-C asks once whether to cancel the job or to leave it running; without a terminal it cancels.`;

/** `parent`: `jobs`, or the program, where it is named alone. */
export function addJobsRun(parent: Command): void {
  const command = parent
    .command('run')
    .description('Run a command on one of your machines as if it were here: submit it, follow it, exit with its code.')
    .argument('<command...>', 'the command and its arguments; no shell is between')
    .option('--to <dir>', 'where the files go that it sends back', '.')
    .action(runJob);
  addSubmissionOptions(command);
  addClientOptions(command);
  addExamples(
    command,
    [
      'weighbridge run -- make -j4 test',
      "weighbridge jobs run --input big.csv --output '*.gz' -- gzip -v big.csv",
      'weighbridge run --queue gpu --timeout 600 -- nvidia-smi && echo fine',
    ],
    runCodesHelp,
  );
}

async function runJob(words: string[], flags: Flags): Promise<void> {
  const client = clientOf(flags);
  const inputs = await uploadInputs(client, parseInputs(flags.input ?? []), createProgress());
  const files = { inputs, outputs: flags.output ?? [], optionalOutputs: flags.outputOptional ?? [] };
  const submitted = Promise.withResolvers<string>();
  const interruption = listenForInterrupt(client, submitted.promise);
  try {
    const { id } = await client.submit({ ...toSubmission(words, flags), files });
    submitted.resolve(id);
    const ended = await Promise.race([watchJob(client, id, { isQuiet: flags.json === true }), interruption.left]);
    if (ended === 'left') {
      printNote(`Job ${id} runs on: weighbridge jobs logs ${id} --follow`);
      // Its log is still followed.
      process.exit(exitCodes.interrupted);
    }
    if (ended.state === 'succeeded') await fetchOutputs(client, ended, flags.to ?? '.');
    if (flags.json) printJson(ended);
    process.exitCode = interruption.isCancelled() ? exitCodes.interrupted : toExitCode(ended);
  } finally {
    interruption.dispose();
  }
}

/** @throws FailedError where the job has no code of its own. */
function toExitCode(job: Job): number {
  const { exitCode, signal, state } = job;
  if (state === 'succeeded') return 0;
  // A command that succeeded, and a job that failed: an output was missing.
  if (state === 'failed' && exitCode !== undefined && exitCode !== 0) return exitCode;
  if (state === 'failed' && signal !== undefined) return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
  throw new FailedError(`job ${job.id} ${formatEnding(job)}`);
}

async function fetchOutputs(client: Client, job: Job, folder: string): Promise<void> {
  if (job.outputs.length > 0) await mkdir(folder, { recursive: true });
  const progress = createProgress();
  for (const file of job.outputs) await download(client, job.id, file, join(folder, file.name), progress);
}

/** Ctrl-C asks once; without a terminal, and for TERM, the job is cancelled, as soon as it is known. */
function listenForInterrupt(client: Client, submitted: Promise<string>) {
  const left = Promise.withResolvers<'left'>();
  let isCancelled = false;
  let question: AbortController | undefined;
  let askedMs = 0;
  const cancel = async () => {
    isCancelled = true;
    const id = await submitted;
    printNote(`Cancelling job ${id} …`);
    await client.cancel(id).catch((error: Error) => {
      isCancelled = false;
      printNote(`It was not cancelled: ${error.message}`);
    });
  };
  const ask = async () => {
    question = new AbortController();
    askedMs = performance.now();
    const id = await submitted;
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    // A second Ctrl-C is an answer too.
    terminal.once('SIGINT', () => question?.abort());
    try {
      const answer = await terminal.question(`\nCancel job ${id}? [y: cancel it, n: leave it running] `, {
        signal: question.signal,
      });
      if (/^n(o)?$/i.test(answer.trim())) left.resolve('left');
      else await cancel();
    } catch {
      left.resolve('left');
    } finally {
      terminal.close();
    }
  };
  const onInterrupt = () => {
    // While it asks, the terminal takes Ctrl-C for an answer. A signal of another kind is one too, but not the same again, which
    // npm forwards.
    if (question && performance.now() - askedMs > sameSignalMs) question.abort();
    if (isCancelled || question) return;
    if (process.stdin.isTTY && process.stderr.isTTY) void ask();
    else void cancel();
  };
  const onTerminate = () => void (isCancelled || cancel());
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    left: left.promise,
    isCancelled: () => isCancelled,
    dispose() {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}
