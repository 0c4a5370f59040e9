import { type JobSummary, jobStates, limits } from '@weighbridge/protocol';
import { type Command, Option } from 'commander';
import { addExamples } from '../command.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { integerBetween } from '../options/option-parsers.ts';
import { formatAge, formatBytes, formatSpan } from '../terminal/format.ts';
import { printJson, printLine, printNote, printTable } from '../terminal/output.ts';
import { formatWaiting } from '../words/waiting-words.ts';

interface Flags extends ClientFlags {
  queue?: string;
  state?: JobSummary['state'];
  limit: number;
  cursor?: string;
  sort: Sort;
}

const sorts = ['created', 'bytes', 'took'] as const;
type Sort = (typeof sorts)[number];

export function addJobsList(jobs: Command): void {
  const command = jobs
    .command('list')
    .description('List jobs, newest first.')
    .option('--queue <name>', 'only this queue')
    .addOption(new Option('--state <state>', 'only this state').choices(jobStates))
    .addOption(
      new Option('--limit <n>', 'how many')
        .argParser(integerBetween(1, limits.pageSize))
        .default(limits.defaultPageSize),
    )
    .addOption(
      new Option('--sort <by>', 'order of those that are listed: the most bytes, or the longest, first')
        .choices(sorts)
        .default('created'),
    )
    .option('--cursor <cursor>', 'go on where the page before ended')
    .action(listJobs);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge jobs list',
    'weighbridge jobs list --queue gpu --state failed',
    'weighbridge jobs list --sort bytes --limit 1000   # what cost most traffic',
    "weighbridge jobs list --json | jq -r '.jobs[].id'",
  ]);
}

async function listJobs({ queue, state, limit, cursor, sort, ...flags }: Flags): Promise<void> {
  const page = await clientOf(flags).jobs({
    limit,
    ...(queue !== undefined && { queue }),
    ...(state !== undefined && { state }),
    ...(cursor !== undefined && { cursor }),
  });
  if (flags.json) return printJson({ ...page, jobs: sortJobs(page.jobs, sort) });
  if (page.jobs.length === 0) return printLine('No jobs.');
  printTable(
    ['JOB', 'STATE', 'QUEUE', 'AGE', 'TOOK', 'NODE', 'BYTES', 'COMMAND', 'REASON'],
    sortJobs(page.jobs, sort).map(toRow),
  );
  if (page.cursor !== undefined) printNote(`More: add --cursor ${page.cursor}`);
}

function sortJobs(jobs: readonly JobSummary[], sort: Sort): JobSummary[] {
  if (sort === 'created') return [...jobs];
  const measure = sort === 'bytes' ? countBytes : measureSeconds;
  return jobs.toSorted((a, b) => (measure(b) ?? -1) - (measure(a) ?? -1));
}

const countBytes = ({ bytes }: JobSummary) => bytes.in + bytes.out;

/** How long it ran, or runs; `undefined` before. */
function measureSeconds({ startedAt, endedAt }: JobSummary): number | undefined {
  if (startedAt === undefined) return undefined;
  return ((endedAt === undefined ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000;
}

function toRow(job: JobSummary): string[] {
  const { id, state, queue, createdAt, commandLine, node = '' } = job;
  const seconds = measureSeconds(job);
  return [
    // In a pipe whole, for programs.
    process.stdout.isTTY ? id.slice(0, 8) : id,
    state,
    queue,
    formatAge(createdAt),
    seconds === undefined ? '' : formatSpan(seconds),
    node,
    formatBytes(countBytes(job)),
    commandLine,
    formatReason(job),
  ];
}

/** Why it is where it is. */
function formatReason({ waitingFor, detail, reason, signal, exitCode, state }: JobSummary): string {
  if (waitingFor) return formatWaiting(waitingFor);
  if (detail ?? reason) return detail ?? reason ?? '';
  return state === 'failed' ? (signal ?? `exit code ${exitCode}`) : '';
}
