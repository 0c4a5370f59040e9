import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { ByteMeter, type EachCounts, formatProgress, formatSummary } from '../each/each-progress.ts';
import { EachRun, type FailedFile } from '../each/each-run.ts';
import { expandFiles } from '../each/expand-files.ts';
import { FailedError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseInputs, uploadInputs } from '../jobs/input-files.ts';
import { splitAtDashes } from '../options/after-dashes.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { addSubmissionOptions, type SubmissionFlags, toSubmission } from '../options/submission-options.ts';
import { printJson, printLine, printNote, visible } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { StatusLine } from '../terminal/status-line.ts';

interface Flags extends ClientFlags, SubmissionFlags {
  to: string;
  rerunFailed?: true;
  run: string;
}

/** Failures that the summary names; `--json` has all. */
const failuresShown = 20;

export function addJobsEach(jobs: Command): void {
  const command = jobs
    .command('each')
    .description(
      'Run a command once for each of many files, spread over your machines: uploads each file once, submits a job for it, and fetches what it sends back. Interrupted, the same command takes it up again.',
    )
    .argument(
      '<files...>',
      'paths and globs, then `--`, then the command: {} is the file, {.} the same without extension',
    )
    .option('--to <dir>', 'where the files go that come back, in folders as the given ones have', '.')
    .option('--rerun-failed', 'try again what failed in an earlier run of the same command')
    .option('--run <name>', 'another name makes another run of the same command: all files anew', '')
    .action(async (words: string[], flags: Flags) => runEach(splitAtDashes(command, words), flags));
  addSubmissionOptions(command, 'a file that every job gets');
  addClientOptions(command);
  addExamples(command, [
    "weighbridge jobs each 'clips/*.mov' --output '*.mp4' --to out/ -- ffmpeg -i {} {.}.mp4",
    "weighbridge jobs each logs/**/*.log --output '*.gz' -- gzip -9",
    "weighbridge jobs each 'clips/*.mov' --rerun-failed --output '*.mp4' --to out/ -- ffmpeg -i {} {.}.mp4",
  ]);
}

async function runEach({ before, after }: { before: string[]; after: string[] }, flags: Flags): Promise<void> {
  const files = await expandFiles(before);
  const client = clientOf(flags);
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  const counts: EachCounts = {
    submitted: 0,
    succeeded: 0,
    failed: 0,
    uploads: new ByteMeter(),
    downloads: new ByteMeter(),
  };
  const beganMs = performance.now();
  const seconds = () => (performance.now() - beganMs) / 1000;
  const line = new StatusLine();
  const { command: _, args: __, ...common } = toSubmission(after, flags);
  const run = new EachRun({
    client,
    files,
    words: after.some((word) => /\{\.?\}/.test(word)) ? after : [...after, '{}'],
    common: { ...common, files: { outputs: flags.output ?? [], optionalOutputs: flags.outputOptional ?? [] } },
    sharedInputs: await uploadInputs(client, parseInputs(flags.input ?? []), createProgress()),
    runName: flags.run,
    to: flags.to,
    rerunFailed: flags.rerunFailed === true,
    counts,
    onChange: () => line.show(() => formatProgress(counts, files.length, seconds())),
    signal: interrupted.signal,
  });
  try {
    await run.run();
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    line.clear();
    tellInterrupted(counts, files.length);
    // Transfers are under way.
    process.exit(exitCodes.interrupted);
  } finally {
    line.clear();
  }
  tell(run.failures, counts, files.length, seconds(), flags.json === true);
}

function tellInterrupted({ submitted, succeeded, failed }: EachCounts, total: number): void {
  const running = Math.max(0, submitted - succeeded - failed);
  const jobs = running === 1 ? '1 job goes on' : `${running} jobs go on`;
  printNote(`Interrupted after ${succeeded + failed} of ${total} files; ${jobs}. The same command takes it up again.`);
}

function tell(
  failures: readonly FailedFile[],
  counts: EachCounts,
  total: number,
  seconds: number,
  isJson: boolean,
): void {
  const { succeeded, failed, uploads, downloads } = counts;
  if (isJson) {
    const bytes = { uploaded: uploads.bytes, fetched: downloads.bytes };
    printJson({ files: total, succeeded, failed, seconds: Number(seconds.toFixed(3)), bytes, failures });
  } else {
    printLine(formatSummary(counts, total, seconds));
    for (const { file, job, reason } of failures.slice(0, failuresShown))
      printLine(`  ${visible(file)}  ${job === undefined ? '' : `job ${job}: `}${visible(reason)}`);
    if (failures.length > failuresShown) printLine(`  and ${failures.length - failuresShown} more; --json names all`);
  }
  if (failed > 0) throw new FailedError(`${failed} of ${total} files failed; try them again with --rerun-failed`);
}
