import { type Attempt, formatCommandLine, type Job, type JobDependency } from '@weighbridge/protocol';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { jobIdHelp, resolveJobId } from '../jobs/job-ids.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { formatBytes, formatSpan } from '../terminal/format.ts';
import { printFields, printJson, printLine, printTable } from '../terminal/output.ts';
import { formatWaiting } from '../words/waiting-words.ts';

export function addJobsShow(jobs: Command): void {
  const command = jobs
    .command('show')
    .description('Show a job: its state, attempts, files, and what it cost in traffic.')
    .argument('<job>', jobIdHelp)
    .action(showJob);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge jobs show last',
    'weighbridge jobs show 5b34',
    'weighbridge jobs show ID --json | jq .bytes',
  ]);
}

async function showJob(named: string, flags: ClientFlags): Promise<void> {
  const client = clientOf(flags);
  const job = await client.job(await resolveJobId(client, named));
  if (flags.json) return printJson(job);
  printJob(job);
}

/** Prints a job for people. */
function printJob(job: Job): void {
  printFields([
    ['Job', job.id],
    ['State', job.reason === undefined ? job.state : `${job.state} (${job.detail ?? job.reason})`],
    ['Waits', job.waitingFor && formatWaiting(job.waitingFor)],
    ['Exit', exitOf(job)],
    ['Queue', `${job.queue}, priority ${job.priority}, ${job.slots} ${job.slots === 1 ? 'slot' : 'slots'}`],
    ['Command', formatCommandLine(job.command, job.args)],
    ['Limits', formatLimits(job)],
    ['Created', job.createdAt],
    ['Not before', job.startAfter],
    ['Started', job.startedAt],
    ['Ended', job.endedAt],
    ['Depends on', job.dependsOn.map(formatDependency).join(', ') || undefined],
    ['Inputs', job.files.inputs.map(({ name }) => name).join(', ') || undefined],
    ['Traffic', `${formatBytes(job.bytes.in)} to the master, ${formatBytes(job.bytes.out)} from it`],
  ]);
  if (job.attempts.length > 0) {
    printLine();
    printTable(
      ['ATTEMPT', 'NODE', 'OUTCOME', 'EXIT', 'STARTED', 'TOOK', 'IN', 'OUT', 'REASON'],
      job.attempts.map(attemptRow),
    );
  }
  if (job.outputs.length > 0) {
    printLine();
    printTable(
      ['OUTPUT', 'SIZE', 'SHA-256'],
      job.outputs.map(({ name, sizeBytes, sha256 }) => [name, formatBytes(sizeBytes), sha256]),
    );
  }
}

function formatDependency({ id, key, state }: JobDependency): string {
  return `${key === undefined ? id : `${key} = ${id}`} (${state})`;
}

function exitOf({ exitCode, signal }: Pick<Attempt, 'exitCode' | 'signal'>): string | undefined {
  return signal ?? (exitCode === undefined ? undefined : `code ${exitCode}`);
}

function attemptRow(attempt: Attempt): string[] {
  const { number, node, outcome, startedAt, endedAt, bytes, reason } = attempt;
  const tookSeconds = ((endedAt === undefined ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000;
  return [
    String(number),
    node,
    outcome ?? 'running',
    exitOf(attempt) ?? '',
    startedAt,
    formatSpan(tookSeconds),
    formatBytes(bytes.in),
    formatBytes(bytes.out),
    reason ?? '',
  ];
}

function formatLimits({ timeoutSeconds, retryLimit, retryBackoff, lostRetryLimit, leaseSeconds }: Job): string {
  const backoff = retryBackoff === 0 ? '' : ` from ${retryBackoff} s on`;
  const retries = `${retryLimit} ${retryLimit === 1 ? 'retry' : 'retries'}${backoff}, ${lostRetryLimit} more when lost`;
  return `${timeoutSeconds} s, a lease of ${leaseSeconds} s, ${retries}`;
}
